"""Processes that are told to stop, or die, while they answer."""

import http.client
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from tests.faults.sending import answer, connected, head
from tests.function.server import BRIEF, Server, deployable, running, until

BODY = json.dumps(BRIEF).encode()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("processes") / "function"
    deployable(directory)
    return directory


@pytest.fixture
def server(source: Path) -> Iterator[Server]:
    with running(source) as it:
        it.copy()
        yield it


def worker(server: Server) -> int:
    """The process that answers."""
    (found,) = psutil.Process(server.process.pid).children()
    return int(found.pid)


def test_requests_in_flight_are_answered_when_it_is_told_to_stop(server: Server) -> None:
    """Each has reached its handler, which asks for the body, before the function must stop."""
    with ExitStack() as stack:
        flying = [stack.enter_context(connected(server)) for _ in range(5)]
        for connection in flying:
            connection.sendall(head(Content_Length=len(BODY), Expect="100-continue"))
            assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        server.process.send_signal(signal.SIGTERM)
        master = psutil.Process(server.process.pid)
        until(lambda: not [c for c in master.net_connections() if c.status == psutil.CONN_LISTEN])
        for connection in flying:
            connection.sendall(BODY)
        replies = [answer(connection) for connection in flying]
    for reply in replies:
        assert reply is not None
        assert reply.status == 200
        assert reply.json["variants"]
    start = time.monotonic()
    assert server.process.wait(timeout=30) == 0
    assert time.monotonic() - start < 10, "it ends once they are answered"


def test_a_worker_that_is_killed_is_replaced_and_loads_anew(server: Server) -> None:
    killed = worker(server)
    with connected(server) as connection:
        connection.sendall(head(Content_Length=len(BODY), Expect="100-continue"))
        connection.recv(100)
        os.kill(killed, signal.SIGKILL)
        with suppress(ConnectionError):
            assert answer(connection) is None, "its caller is told at once by the lost connection"
    start = time.monotonic()

    def served() -> bool:
        with suppress(OSError, http.client.HTTPException):
            return server.copy().status == 200
        return False

    until(served)
    assert time.monotonic() - start < 10
    assert worker(server) != killed
    assert len(server.logged("release loaded")) == 2
    assert server.ask("GET", "/health").json == {"status": "ready"}
