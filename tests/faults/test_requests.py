"""Requests that are cut off, slow, malformed or full of odd characters."""

import json
import resource
import socket
import time
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from tests.faults.sending import answer, connected, head, sent
from tests.function.server import BRIEF, Reply, Server, deployable, is_problem, running, until
from tinycopy.brief import MAX_PRODUCT

BODY = json.dumps(BRIEF).encode()
THREADS = 8
REQUEST_SECONDS = 1.0
MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    source = tmp_path_factory.mktemp("requests") / "function"
    deployable(source)
    environ = {"THREADS": str(THREADS), "REQUEST_SECONDS": str(REQUEST_SECONDS), "QUEUE": "100"}
    with running(source, **environ) as it:
        it.copy()
        yield it
        assert not it.logged("uncaught error"), "a request caused what the alerts call a defect"


def memory(server: Server) -> int:
    (worker,) = psutil.Process(server.process.pid).children()
    return int(worker.memory_info().rss)


@pytest.mark.parametrize(
    "raw",
    [
        head(Content_Length=len(BODY) + 1) + BODY,
        head(Content_Length=1000),
        head(Transfer_Encoding="chunked") + b"%x\r\n" % (len(BODY) + 9) + BODY,
        head(Transfer_Encoding="chunked") + b"%x\r\n" % len(BODY) + BODY + b"\r\n",
        head(Transfer_Encoding="chunked") + b"some\r\n" + BODY,
    ],
    ids=["a byte missing", "all missing", "in a chunk", "between chunks", "no chunk"],
)
def test_a_body_that_is_cut_off_is_malformed(server: Server, raw: bytes) -> None:
    """Even where what came is a whole brief: the caller said that there is more."""
    reply = sent(server, raw, ends=True)
    assert reply is not None
    assert is_problem(reply, 400, "malformed")


@pytest.mark.parametrize("size", [1, 40, 200])
def test_a_client_that_goes_in_the_middle_leaves_no_trace(server: Server, size: int) -> None:
    with connected(server) as connection:
        connection.sendall((head(Content_Length=1000) + BODY)[:size])
    assert server.copy().status == 200


def test_a_body_said_to_be_enormous_is_refused_at_once(server: Server) -> None:
    reply = sent(server, head(Content_Length=10**12))
    assert reply is not None
    assert is_problem(reply, 413, "too-large")
    assert reply.headers["Connection"] == "close"


def test_senders_that_stall_are_cut_off_and_the_others_served(server: Server) -> None:
    """Three times as many as there are threads; before them, each held a thread for good."""
    with ExitStack() as stack:
        stalled = [stack.enter_context(connected(server)) for _ in range(3 * THREADS)]
        for connection in stalled:
            connection.sendall(head(Content_Length=1000) + BODY)
        start = time.monotonic()
        assert server.copy().status == 200
        assert time.monotonic() - start < 10 * REQUEST_SECONDS
        replies = [answer(connection) for connection in stalled]
    for reply in replies:
        assert reply is not None
        assert is_problem(reply, 408, "too-slow")
        assert reply.headers["Connection"] == "close"


def test_a_body_that_drips_is_cut_off_too(server: Server) -> None:
    with connected(server) as connection:
        connection.sendall(head(Content_Length=1000))
        start = time.monotonic()
        connection.settimeout(0.05)
        while not _readable(connection):
            connection.sendall(b" ")
            assert time.monotonic() - start < 20 * REQUEST_SECONDS
        connection.settimeout(10)
        reply = answer(connection)
    assert reply is not None
    assert is_problem(reply, 408, "too-slow")


def _readable(connection: socket.socket) -> bool:
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return False


def test_heads_that_never_end_are_cut_off_and_the_others_served(server: Server) -> None:
    with ExitStack() as stack:
        stalled = [stack.enter_context(connected(server)) for _ in range(3 * THREADS)]
        for connection in stalled:
            connection.sendall(head()[:40])
        start = time.monotonic()
        assert server.copy().status == 200
        assert time.monotonic() - start < 10 * REQUEST_SECONDS
        assert [answer(connection) for connection in stalled] == [None] * len(stalled)


def test_a_slow_answer_is_not_cut_off(server: Server) -> None:
    """The limit is for the request's way in: the answer may take longer, and so may its reader."""
    with connected(server) as connection:
        connection.sendall(head(Content_Length=len(BODY)) + BODY)
        time.sleep(1.5 * REQUEST_SECONDS)  # what is tested is that nothing happens in this time
        reply = answer(connection)
        assert reply is not None
        assert reply.status == 200


def test_ten_thousand_connections_keep_nobody_out(server: Server) -> None:
    """They are opened one after the other and say nothing; somebody else asks for copy."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(10_000, hard - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 500), hard))
    before, slowest = memory(server), 0.0
    with ExitStack() as stack:
        for number in range(count):
            connection = stack.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", server.port))
            if number in (count // 2, count - 1):
                start = time.monotonic()
                assert server.ask("GET", "/health").status == 200
                assert server.copy().status == 200
                slowest = max(slowest, time.monotonic() - start)
    assert slowest < 15
    assert memory(server) - before < 16 * MIB
    (worker,) = psutil.Process(server.process.pid).children()
    until(lambda: len(worker.net_connections()) < 50)


def categories() -> dict[str, list[str]]:
    """The characters of each Unicode category, in the plane that has all of them."""
    found: dict[str, list[str]] = {}
    for number in range(0x10000):
        found.setdefault(unicodedata.category(chr(number)), []).append(chr(number))
    return found


ODD = {
    **{
        name: found[0] + found[len(found) // 2] + found[-1]
        for name, found in categories().items()
        if name != "Cs"  # half a pair cannot be sent as UTF-8
    },
    "NUL": "\0",
    "right to left": "\u202eback\u202c \u05d0\u05d1\u05d2 \u0627\u0644\u0639",
    "accents": "e" + "\u0301" * (MAX_PRODUCT - 1),
    "18 letters in one": "\ufdfa" * MAX_PRODUCT,
    "joined": "\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "slots": "\ue000\ue010\ue020",
    "marks": "\ufeff\ufffe\uffff",
    "last": "\U0010ffff",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_characters_are_served_or_refused_by_name(server: Server, name: str) -> None:
    odd = ODD[name]
    for fields in (
        {"product": odd},
        {"product": f"Mug {odd}"[:MAX_PRODUCT], "keywords": [odd[:9]]},
    ):
        reply = server.copy(**fields)
        if reply.status != 200:
            assert reply.status == 422, reply.json
            assert reply.json["type"].startswith("/docs#problem-")
        checked = server.ask("POST", "/v1/checks", BRIEF | fields | {"text": odd})
        assert checked.status in (200, 422)


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "\\ud83d\\ud83d", "x\\udc00y"])
def test_half_a_surrogate_pair_is_malformed(server: Server, half: str) -> None:
    body = b'{"type": "slogan", "product": "' + half.encode() + b'"}'
    assert is_problem(server.ask("POST", "/v1/copy", body), 400, "malformed")


@pytest.mark.parametrize("path", ["/v1/copy", "/v1/completions", "/v1/checks"])
def test_a_name_of_100_kb_is_too_large(server: Server, path: str) -> None:
    reply = server.ask("POST", path, BRIEF | {"product": "x" * 100_000})
    assert reply.status == 413


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET /%00%ff%ed%a0%80 HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET /page/../main.py HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET /page/%2e%2e/main.py HTTP/1.1\r\nHost: here\r\n\r\n",
    ],
    ids=["100 KB", "no text", "up", "up from the page", "up, encoded"],
)
def test_a_path_that_is_none_is_unknown(server: Server, raw: bytes) -> None:
    reply = sent(server, raw)
    assert reply is not None
    assert is_problem(reply, 404, "unknown-path")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET /info\r\n\r\n", 400),
        (b"GET /info HTTP/1.1\r\nHost: here\r\nA\x00B: c\r\n\r\n", 400),
        (b"GET /info HTTP/1.1\r\nHost: here\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /info HTTP/1.1\r\nHost: here\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", 431),
        (b"POST /v1/copy HTTP/1.1\r\nHost: here\r\nContent-Length: -1\r\n\r\n", 400),
        (
            b"POST /v1/copy HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
    ],
    ids=["tls", "no version", "NUL", "headers", "header", "length", "two lengths"],
)
def test_what_is_no_http_is_refused_by_the_server(server: Server, raw: bytes, status: int) -> None:
    reply: Reply | None = sent(server, raw, ends=True)
    assert reply is None or reply.status == status
    assert server.ask("GET", "/health").status == 200


def test_json_as_deep_as_a_body_may_be_is_refused(server: Server) -> None:
    for raw in (b"[" * 16000, b'{"a":' * 3000, b'{"keywords":' + b"[" * 8000 + b"]" * 8000 + b"}"):
        reply = server.ask("POST", "/v1/copy", raw)
        assert reply.status in (400, 422), reply.json
