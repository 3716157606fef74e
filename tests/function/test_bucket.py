"""Buckets that misbehave on the wire, and the token for a real one."""

import http.server
import re
import threading
from collections.abc import Iterator

import pytest

from tinycopy.bucket import Bucket
from tinycopy.manifest import ReleaseError
from tinycopy.release import embedded


class _Wire(http.server.BaseHTTPRequestHandler):
    """A bucket that misbehaves as its server's `how` says."""

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        self.server.how(self)  # type: ignore[attr-defined]

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Wire)
    server.daemon_threads = True
    server.block_on_close = False
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def forbid(request: _Wire) -> None:
    request.send_error(403)


def trickle(request: _Wire) -> None:
    request.send_response(200)
    request.end_headers()
    try:
        while True:
            request.wfile.write(b" ")
            request.wfile.flush()
            threading.Event().wait(0.01)
    except OSError:  # the reader has gone
        pass


def break_off(request: _Wire) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "100")
    request.end_headers()
    request.wfile.write(b"{")


def say_nothing(request: _Wire) -> None:
    request.rfile.read(1)  # until the reader goes


def talk_nonsense(request: _Wire) -> None:
    request.wfile.write(b"nonsense\r\n\r\n")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (forbid, "the bucket answered 403"),
        (trickle, "DOWNLOAD_SECONDS|more than 4096 bytes"),
        (break_off, "cut off|IncompleteRead"),
        (say_nothing, "TimeoutError"),
        (talk_nonsense, "BadStatusLine"),
    ],
)
def test_a_bucket_that_misbehaves_means_the_embedded_release(wire, how, said: str, loader):
    wire.how = how
    serving = loader("gs://some-bucket", download_seconds=0.3).wait()
    assert serving.source == "embedded"
    assert re.search(said, str(serving.trouble))


def test_a_bucket_that_is_down_means_the_embedded_release(monkeypatch, loader):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    serving = loader("gs://some-bucket").wait()
    assert serving.source == "embedded"
    assert "ConnectionRefusedError" in str(serving.trouble)


def test_outside_an_emulator_the_metadata_server_gives_the_token(wire, monkeypatch):
    def answer(request: _Wire) -> None:
        request.send_response(403)
        request.end_headers()

    wire.how = answer
    monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{wire.server_port}")
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    with (
        Bucket("some-bucket", 5) as bucket,
        pytest.raises(ReleaseError, match="metadata server answered 403"),
    ):
        bucket.read("students/current.json", 100)
    path, headers = wire.seen[0]
    assert path.endswith("/service-accounts/default/token")
    assert headers["Metadata-Flavor"] == "Google"


def test_the_token_goes_to_the_bucket_and_is_asked_for_once(wire, monkeypatch):
    def answer(request: _Wire) -> None:
        is_token = "metadata" in request.path.lower()
        body = b'{"access_token":"secret","expires_in":3599}' if is_token else b"content"
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    wire.how = answer
    monkeypatch.setattr("tinycopy.bucket.HOST", f"http://127.0.0.1:{wire.server_port}")
    monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{wire.server_port}")
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    with Bucket("some-bucket", 5) as bucket:
        assert bucket.read("a/b", 7) == b"content"
        with pytest.raises(ReleaseError, match="a/c: more than 6 bytes"):
            bucket.read("a/c", 6)
    tokens = [path for path, _ in wire.seen if "metadata" in path.lower()]
    objects = [(path, headers["Authorization"]) for path, headers in wire.seen[1:]]
    assert len(tokens) == 1
    assert objects == [
        ("/storage/v1/b/some-bucket/o/a%2Fb?alt=media", "Bearer secret"),
        ("/storage/v1/b/some-bucket/o/a%2Fc?alt=media", "Bearer secret"),
    ]


def test_an_embedded_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(ReleaseError, match=r"embedded release, manifest\.json: No such file"):
        embedded(tmp_path)
