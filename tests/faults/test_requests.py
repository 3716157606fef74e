"""Requests that are cut off, slow, malformed or full of odd characters."""

import json
import resource
import socket
import time
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import Any

import pytest

from tests.faults.sending import answer, connected, head, sent
from tests.faults.workers import worker
from tests.function.server import BRIEF, Server, deployable, is_problem, running
from tinycopy.brief import (
    MAX_AUDIENCE,
    MAX_CATEGORY,
    MAX_FEATURE,
    MAX_KEYWORD,
    MAX_PRODUCT,
    MAX_PROMPT,
)
from tinycopy.wire import MAX_OPENING

BODY = json.dumps(BRIEF).encode()
THREADS = 8
REQUEST_SECONDS = 1.0
MIB = 1 << 20
CONNECTIONS = 10_000
AT_ONCE = 1000  # gunicorn's worker_connections


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
    return int(worker(server).memory_info().rss)


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


@pytest.fixture
def many_files() -> Iterator[None]:
    """Lets this process open ten thousand connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CONNECTIONS + 500:
        pytest.skip(f"a process may open {hard} files here: the test needs {CONNECTIONS} and some")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ten_thousand_connections_keep_nobody_out(server: Server, many_files: None) -> None:
    """Each is opened once the one before is there, and says nothing; others ask for copy."""
    before, slowest, most = memory(server), 0.0, 0
    with ExitStack() as stack:
        opened = []
        for number in range(1, CONNECTIONS + 1):
            opened.append(stack.enter_context(connected(server)))
            if number % (CONNECTIONS // 10) == 0:
                most = max(most, len(worker(server).net_connections()))
                start = time.monotonic()
                assert server.ask("GET", "/health").status == 200
                assert server.copy().status == 200
                slowest = max(slowest, time.monotonic() - start)
        assert memory(server) - before < 16 * MIB
        assert [connection.recv(1) for connection in opened] == [b""] * CONNECTIONS
    assert slowest < 15
    assert most <= AT_ONCE + THREADS


PLANES = (range(0x20000), range(0xE0000, 0xE1000), range(0x100000, 0x110000))  # most characters'
REFUSED = {"Cc", "Cf", "Cn", "Co", "Zl", "Zp", "Zs"}  # nothing is left of a text of these alone


def categories() -> dict[str, str]:
    """The first, middle and last character of each Unicode category in the basic plane and beyond
    it ("astral")."""
    found: dict[str, list[int]] = {}
    for number in chain(*PLANES):
        beyond = "astral " if number > 0xFFFF else ""
        found.setdefault(beyond + unicodedata.category(chr(number)), []).append(number)
    del found["Cs"]  # half a pair cannot be sent as UTF-8
    return {
        name: "".join(chr(numbers[i]) for i in (0, len(numbers) // 2, -1))
        for name, numbers in found.items()
    }


SERVED = {
    "right to left": "\u202eback\u202c \u05d0\u05d1\u05d2 \u0627\u0644\u0639",
    "accents": "e" + "\u0301" * (MAX_PROMPT - 1),
    "18 letters in one": "\ufdfa" * MAX_PROMPT,
    "joined": "\U0001f469\u200d\U0001f469\u200d\U0001f467",
}
EMPTY = {
    "NUL": "\0",
    "slots": "\ue000\ue010\ue020",
    "marks": "\ufeff\ufffe\uffff",
    "last": "\U0010ffff",
}
for category, characters in categories().items():
    (EMPTY if category.removeprefix("astral ") in REFUSED else SERVED)[category] = characters


def texts(odd: str) -> dict[str, Any]:
    """Every text field of a brief with a product, full of `odd`."""
    return {
        "product": odd[:MAX_PRODUCT],
        "category": odd[:MAX_CATEGORY],
        "audience": odd[:MAX_AUDIENCE],
        "features": ["dries in 3 hours", odd[:MAX_FEATURE]],
        "keywords": ["dries", odd[:MAX_KEYWORD]],
    }


@pytest.mark.parametrize("name", SERVED)
def test_odd_characters_are_served(server: Server, name: str) -> None:
    odd = SERVED[name]
    brief = texts(odd)
    checked = server.ask("POST", "/v1/checks", BRIEF | brief | {"text": odd})
    prompted = server.ask("POST", "/v1/copy", {"type": "slogan", "prompt": odd})
    replies = (server.copy(**brief, opening=odd[:MAX_OPENING]), prompted, checked)
    assert [reply.status for reply in replies] == [200] * 3, [reply.json for reply in replies]


@pytest.mark.parametrize("name", EMPTY)
def test_a_text_of_which_nothing_is_left_is_refused_by_name(server: Server, name: str) -> None:
    odd = EMPTY[name]
    for field, value in texts(odd).items():
        named = f"{field}[1]" if isinstance(value, list) else field
        assert is_problem(server.copy(**{field: value}), 422, "invalid", named)
        checked = server.ask("POST", "/v1/checks", BRIEF | {field: value, "text": "x"})
        assert is_problem(checked, 422, "invalid", named)
    prompted = server.ask("POST", "/v1/copy", {"type": "slogan", "prompt": odd})
    assert is_problem(prompted, 422, "invalid", "prompt")
    assert server.copy(**texts(f"Mug {odd}"), opening=odd).status == 200


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "\\ud83d\\ud83d", "x\\udc00y"])
def test_half_a_surrogate_pair_is_malformed(server: Server, half: str) -> None:
    body = b'{"type": "slogan", "product": "' + half.encode() + b'"}'
    assert is_problem(server.ask("POST", "/v1/copy", body), 400, "malformed")


def test_a_name_of_100_kb_is_too_large(server: Server) -> None:
    body = BRIEF | {"product": "x" * 100_000}
    for path in ("/v1/copy", "/v1/checks"):
        assert is_problem(server.ask("POST", path, body), 413, "too-large")
    openai = server.ask("POST", "/v1/completions", body)
    assert (openai.status, openai.json["error"]["code"]) == (413, "too_large")


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
    ids=["no version", "NUL", "headers", "header", "length", "two lengths"],
)
def test_what_is_no_http_is_refused_by_the_server(server: Server, raw: bytes, status: int) -> None:
    reply = sent(server, raw)
    assert reply is not None
    assert (reply.status, reply.headers["Connection"]) == (status, "close")
    assert reply.headers["Content-Type"] == "text/html"


def test_tls_is_cut_off_without_an_answer(server: Server) -> None:
    """Its first bytes have no end of a line: for the server they are a head that never ends."""
    assert sent(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc") is None
    assert server.ask("GET", "/health").status == 200


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"[" * 16000, None),
        (b'{"a":' * 3000, "a"),
        (b'{"keywords":' + b"[" * 8000 + b"]" * 8000 + b"}", "keywords[0]"),
    ],
    ids=["arrays", "objects", "in a field"],
)
def test_json_as_deep_as_a_body_may_be_is_refused(
    server: Server, raw: bytes, field: str | None
) -> None:
    assert is_problem(server.ask("POST", "/v1/copy", raw), 422, "invalid", field)
