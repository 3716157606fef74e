"""Releases from a real bucket, and what happens when they are not as they should be."""

import http.server
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.function.server import until
from tests.tiny_release import make_release, write_manifest
from tinycopy.bucket import Bucket
from tinycopy.errors import NotLoaded
from tinycopy.loader import Loader
from tinycopy.manifest import FILES, MANIFEST, ReleaseError
from tinycopy.release import embedded
from tinycopy.settings import Settings

FIRST, SECOND, EMBEDDED = 1, 2, 0


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Path, str]]:
    """Three releases that differ: seed -> directory, digest."""
    root = tmp_path_factory.mktemp("releases")
    return {seed: (root / str(seed), make_release(root / str(seed), seed)) for seed in range(3)}


@pytest.fixture
def release(releases: dict[int, tuple[Path, str]], tmp_path: Path) -> tuple[Path, str]:
    """A copy of the first release, to be spoilt."""
    shutil.copytree(releases[FIRST][0], tmp_path / "spoilt")
    return tmp_path / "spoilt", releases[FIRST][1]


def upload(bucket: Any, directory: Path, digest: str) -> None:
    for name in (*FILES, MANIFEST):
        blob = bucket.blob(f"students/{digest}/{name}")
        blob.upload_from_string((directory / name).read_bytes())


def point(bucket: Any, digest: str, raw: bytes | None = None) -> None:
    told = {"digest": digest, "promoted_at": "2026-11-22T00:00:00Z", "previous": None}
    bucket.blob("students/current.json").upload_from_string(raw or json.dumps(told).encode())


@pytest.fixture
def loader(releases: dict[int, tuple[Path, str]]) -> Iterator[Callable[..., Loader]]:
    """Makes loaders, and stops them when the test ends."""
    made = []

    def make(uri: str | None, directory: Path = releases[EMBEDDED][0], **settings: Any) -> Loader:
        made.append(Loader(Settings(model_uri=uri, **settings), directory))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def test_the_pointer_names_the_release_that_serves(bucket, releases, loader):
    upload(bucket, *releases[FIRST])
    upload(bucket, *releases[SECOND])
    point(bucket, releases[SECOND][1])
    serving = loader(f"gs://{bucket.name}").wait()
    assert (serving.digest, serving.source, serving.trouble) == (releases[2][1], "bucket", None)


def test_a_pinned_release_serves_whatever_the_pointer_says(bucket, releases, loader):
    upload(bucket, *releases[FIRST])
    point(bucket, releases[SECOND][1])
    uri = f"gs://{bucket.name}/students/{releases[FIRST][1]}"
    serving = loader(uri).wait()
    assert (serving.digest, serving.source, serving.trouble) == (releases[1][1], "bucket", None)


def test_without_a_uri_the_embedded_release_serves(releases, loader):
    serving = loader(None).wait()
    assert (serving.digest, serving.source, serving.trouble) == (releases[0][1], "embedded", None)


def flip(directory: Path, name: str) -> None:
    content = bytearray((directory / name).read_bytes())
    content[len(content) // 2] ^= 1
    (directory / name).write_bytes(content)


def cut(directory: Path, name: str) -> None:
    content = (directory / name).read_bytes()
    (directory / name).write_bytes(content[:-1])


def grow(directory: Path, name: str) -> None:
    content = (directory / name).read_bytes()
    (directory / name).write_bytes(content + b"x")


@pytest.mark.parametrize("spoil", [flip, cut, grow])
@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_a_spoilt_file_means_the_embedded_release_and_is_named(
    bucket, releases, release, spoil: Callable[[Path, str], None], name: str, loader
):
    directory, digest = release
    spoil(directory, name)
    upload(bucket, directory, digest)
    point(bucket, digest)
    serving = loader(f"gs://{bucket.name}").wait()
    assert (serving.digest, serving.source) == (releases[EMBEDDED][1], "embedded")
    assert f"{name}: " in str(serving.trouble)


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_a_missing_file_means_the_embedded_release_and_is_named(
    bucket, releases, name: str, loader
):
    upload(bucket, *releases[FIRST])
    point(bucket, releases[FIRST][1])
    bucket.blob(f"students/{releases[FIRST][1]}/{name}").delete()
    serving = loader(f"gs://{bucket.name}").wait()
    assert serving.source == "embedded"
    assert f"{name}: the bucket answered 404" in str(serving.trouble)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b'{"digest":"abc"}', b"\xff\xfe", b"[" * 4000, b"{" + b" " * 5000 + b"}"],
    ids=["empty", "cut", "no object", "no digest", "no text", "deep", "large"],
)
def test_a_malformed_pointer_means_the_embedded_release(bucket, raw: bytes, loader):
    bucket.blob("students/current.json").upload_from_string(raw)
    serving = loader(f"gs://{bucket.name}").wait()
    assert serving.source == "embedded"
    assert str(serving.trouble).startswith("students/current.json: ")


@pytest.mark.parametrize("name", ["a-bucket-without-pointer", None])
def test_no_pointer_or_no_bucket_means_the_embedded_release(bucket, name: str | None, loader):
    serving = loader(f"gs://{name or bucket.name}").wait()
    assert serving.source == "embedded"
    assert "students/current.json: the bucket answered 404" in str(serving.trouble)


def test_a_release_of_another_encoding_is_refused(bucket, release, loader):
    directory, _ = release
    digest = write_manifest(directory, encoding=999)
    upload(bucket, directory, digest)
    point(bucket, digest)
    serving = loader(f"gs://{bucket.name}").wait()
    assert serving.source == "embedded"
    assert "encoding 999" in str(serving.trouble)


def test_a_release_that_is_true_to_its_manifest_but_no_model_is_refused(bucket, release, loader):
    directory, _ = release
    (directory / "model.bin").write_bytes(b"not a model")
    digest = write_manifest(directory)
    upload(bucket, directory, digest)
    point(bucket, digest)
    serving = loader(f"gs://{bucket.name}").wait()
    assert serving.source == "embedded"
    assert str(serving.trouble).startswith("model.bin: ")


def test_a_running_instance_heals_once_the_bucket_is_right(bucket, releases, loader):
    point(bucket, releases[FIRST][1])
    loading = loader(f"gs://{bucket.name}", model_refresh_seconds=0.0)
    assert loading.wait().source == "embedded"
    upload(bucket, *releases[FIRST])
    until(lambda: loading.wait().digest == releases[FIRST][1])
    assert loading.wait().trouble is None


def test_a_moved_pointer_is_followed_and_a_bad_one_keeps_what_serves(bucket, releases, loader):
    for seed in (FIRST, SECOND):
        upload(bucket, *releases[seed])
    point(bucket, releases[FIRST][1])
    loading = loader(f"gs://{bucket.name}", model_refresh_seconds=0.05)
    assert loading.wait().digest == releases[FIRST][1]
    point(bucket, "ab" * 32)
    until(lambda: loading.wait().trouble)
    assert (loading.wait().digest, loading.wait().source) == (releases[FIRST][1], "bucket")
    point(bucket, releases[SECOND][1])
    until(lambda: loading.wait().digest == releases[SECOND][1])
    assert loading.wait().trouble is None


def test_nothing_to_serve_is_said_at_once_and_mended_later(tmp_path, releases, loader):
    loading = loader(None, tmp_path / "embedded")
    with pytest.raises(NotLoaded, match="failed to load") as refused:
        loading.wait()
    assert int(refused.value.headers["Retry-After"]) > 0
    assert loading.failing()
    shutil.copytree(releases[EMBEDDED][0], tmp_path / "embedded")
    until(loading.now)
    assert loading.wait().digest == releases[EMBEDDED][1]
    assert not loading.failing()


def test_concurrent_first_requests_load_once(capfdbinary, loader):
    loading = loader(None)
    barrier, found = threading.Barrier(8), []

    def ask() -> None:
        barrier.wait()
        found.append(loading.wait().student)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


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
