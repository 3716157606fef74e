"""Releases from a real bucket, and what happens when they are not as they should be."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.function.releases import EMBEDDED, FIRST, SECOND
from tests.function.server import until
from tests.tiny_release import write_manifest
from tinycopy.brief import Brief, CopyType, Length
from tinycopy.encoding import ENCODINGS, slots
from tinycopy.errors import NotLoaded
from tinycopy.manifest import FILES, MANIFEST

BRIEF = Brief(
    type=CopyType.PRODUCT_DESCRIPTION,
    length=Length.SHORT,
    product="Sunrise Mug 2",
    category="travel mug",
    features=("holds 350 ml", "a steel lid", "dishwasher safe"),
    keywords=("steel",),
    audience="hikers",
)


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


def test_the_pointer_names_the_release_that_serves(bucket, releases, loader):
    upload(bucket, *releases[FIRST])
    upload(bucket, *releases[SECOND])
    point(bucket, releases[SECOND][1])
    serving = loader(f"gs://{bucket.name}").wait()
    assert (serving.digest, serving.source, serving.trouble) == (releases[2][1], "bucket", None)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_release_reads_briefs_in_the_encoding_of_its_training(bucket, release, loader, encoding):
    """An older release, as a rollback serves it, gets the slots that it learnt from."""
    directory, _ = release
    digest = write_manifest(directory, encoding=encoding)
    upload(bucket, directory, digest)
    point(bucket, digest)
    serving = loader(f"gs://{bucket.name}").wait()
    assert serving.digest == digest
    assert serving.student.marked(BRIEF).source == slots(BRIEF, encoding).source
    assert serving.student.write(BRIEF, 1, 1).variants[0].text


def test_encodings_differ_in_what_a_student_reads():
    assert len({slots(BRIEF, encoding).source for encoding in ENCODINGS}) == len(ENCODINGS)


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


def test_a_whole_release_under_the_digest_of_another_is_refused(bucket, releases, loader):
    (first, _), (_, another) = releases[FIRST], releases[SECOND]
    upload(bucket, first, another)
    point(bucket, another)
    serving = loader(f"gs://{bucket.name}").wait()
    assert (serving.digest, serving.source) == (releases[EMBEDDED][1], "embedded")
    assert f"not the release's digest {another}" in str(serving.trouble)


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
