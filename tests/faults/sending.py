"""Requests as bytes, to be sent whole, cut off, slowly, or wrong."""

import contextlib
import socket
from collections.abc import Iterator

from tests.function.server import WAIT_SECONDS, Reply, Server

POST = "POST /v1/copy HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"


def head(**headers: object) -> bytes:
    """The head of a POST to /v1/copy, with headers (their underscores are dashes)."""
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    return (POST + "".join(lines) + "\r\n").encode()


@contextlib.contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    """A connection to the function."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_SECONDS) as connection:
        yield connection


def answer(connection: socket.socket) -> Reply | None:
    """The answer that comes; None if the connection ends without one."""
    stream = connection.makefile("rb")
    status = stream.readline()
    if not status:
        return None
    headers = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.decode().partition(": ")
        headers[name] = value
    return Reply(int(status.split()[1]), headers, stream.read(int(headers["Content-Length"])))


def sent(server: Server, raw: bytes, *, ends: bool = False) -> Reply | None:
    """The answer to `raw`; `ends`: the client says that no more will come."""
    with connected(server) as connection:
        connection.sendall(raw)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        return answer(connection)
