"""An HTTP proxy between a client and a real server: tests see, hold, answer or cut each request."""

import contextlib
import http.client
import itertools
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "content-length", "date", "host", "keep-alive", "transfer-encoding"}


class Cut(Exception):  # noqa: N818 - an instruction to the proxy, not an error
    """Raised by a hook: close the connection without an answer."""


@dataclass(frozen=True)
class Request:
    """One request that passed; `number` counts from 1."""

    number: int
    method: str
    path: str
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What a hook answers in place of the server.

    claims: the length that it declares, if another than it sends; then the connection is closed.
    pause: seconds after each byte.
    """

    status: int
    body: bytes = b"{}"
    claims: int | None = None
    pause: float = 0.0


@dataclass
class Wire:
    """What a test does `before` a request reaches the server, and `after` it did; both may Cut."""

    url: str
    before: Callable[[Request], Answer | None] = lambda request: None
    after: Callable[[Request], None] = lambda request: None
    passed: list[Request] = field(default_factory=list)


class _Proxy(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a client that went, as one that a test killed does."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def wired(server_url: str) -> Iterator[Wire]:
    """A proxy in front of `server_url`, on a free port of loopback, until the block ends."""
    upstream = urlsplit(server_url).netloc
    numbers = itertools.count(1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each answer waits 40 ms for an acknowledgement

        def relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(next(numbers), self.command, self.path, body)
            try:
                answer = wire.before(request)
                if answer is not None:
                    self.stand_in(answer)
                    return
                status, headers, content = forward(request, dict(self.headers))
                wire.passed.append(request)
                wire.after(request)
                self.reply(status, headers, content)
            except (Cut, ConnectionError):
                self.close_connection = True

        def stand_in(self, answer: Answer) -> None:
            size = len(answer.body) if answer.claims is None else answer.claims
            first = b"" if answer.pause else answer.body
            self.reply(answer.status, {"Content-Type": "application/json"}, first, size)
            for byte in answer.body[len(first) :]:
                self.wfile.write(bytes([byte]))
                time.sleep(answer.pause)
            if size != len(answer.body):
                raise Cut

        def reply(
            self, status: int, headers: dict[str, str], content: bytes, size: int | None = None
        ) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) if size is None else size))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = relay  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing: a test says what it saw."""

    def forward(request: Request, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(upstream, timeout=60)
        with contextlib.closing(connection):
            connection.request(request.method, request.path, request.body, _end_to_end(headers))
            answer = connection.getresponse()
            return answer.status, _end_to_end(dict(answer.getheaders())), answer.read()

    proxy = _Proxy(("127.0.0.1", 0), Handler)
    proxy.daemon_threads = True
    wire = Wire(url=f"http://127.0.0.1:{proxy.server_address[1]}")
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield wire
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


def _end_to_end(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
