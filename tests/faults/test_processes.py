"""Processes that are told to stop, or die, while they answer."""

import http.client
import json
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from tests.faults.sending import answer, connected, head
from tests.faults.workers import worker
from tests.function.server import BRIEF, Reply, Server, deployable, running, until

BODY = json.dumps(BRIEF).encode()
WORKED_SECONDS = 0.1  # of the CPU: more than reading the requests takes, less than one copy


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


def served_by_another(server: Server, killed: psutil.Process) -> None:
    """Another worker has come in its place, loaded the release anew and serves."""
    start = time.monotonic()

    def served() -> bool:
        with suppress(OSError, http.client.HTTPException):
            return server.copy().status == 200
        return False

    until(served)
    assert time.monotonic() - start < 20
    assert worker(server).pid != killed.pid
    assert len(server.logged("release loaded")) == 2
    assert server.ask("GET", "/health").json == {"status": "ready"}


def last_word(connection: socket.socket) -> Reply | None:
    """The answer that came, or None if the connection was lost without one."""
    with suppress(ConnectionError):
        return answer(connection)
    return None


def test_a_worker_that_is_killed_is_replaced_and_loads_anew(server: Server) -> None:
    """It waits for the rest of a request."""
    killed = worker(server)
    with connected(server) as connection:
        connection.sendall(head(Content_Length=len(BODY), Expect="100-continue"))
        connection.recv(100)
        killed.kill()
        assert last_word(connection) is None, "its caller is told at once by the lost connection"
    served_by_another(server, killed)


def test_a_worker_that_is_killed_while_it_writes_copy_is_replaced_too(source: Path) -> None:
    """Five callers, served in turn; it is killed once it has worked, long before the last."""
    body = json.dumps(BRIEF | {"type": "product_description", "length": "long", "variants": 5})
    whole = head(Content_Length=len(body)) + body.encode()
    with running(source, CANDIDATES="64") as server, ExitStack() as stack:
        server.copy()
        killed = worker(server)
        callers = [stack.enter_context(connected(server)) for _ in range(5)]
        before = sum(killed.cpu_times()[:2])
        for caller in callers:
            caller.sendall(whole)
        until(lambda: sum(killed.cpu_times()[:2]) - before >= WORKED_SECONDS)
        killed.kill()
        words = [last_word(caller) for caller in callers]
        assert None in words, "it was killed too late"
        assert {word.status for word in words if word} <= {200}
        served_by_another(server, killed)
