"""Publishing, promoting, rolling back and listing, against a real Cloud Storage server."""

import json
from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]

from distill.publish import main
from tests.distill.publishing import POINTER, pointer, publish, uri
from tests.releases import served, write_release
from tests.wire import Request, Wire
from tinycopy.bucket import Bucket
from tinycopy.release import download, pointed


def test_a_published_release_is_served_and_its_predecessor_named(
    bucket: storage.Bucket, releases: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    (first, one), (second, two), _ = releases.items()
    assert publish(bucket, first) == 0
    assert served(bucket) == one
    assert pointer(bucket)["previous"] is None
    assert publish(bucket, second) == 0
    assert served(bucket) == two
    assert pointer(bucket)["previous"] == one
    assert two in capsys.readouterr().out.splitlines()[-1]


def test_a_model_beyond_the_clients_limit_for_one_request_is_published(
    bucket: storage.Bucket, tmp_path: Path
) -> None:
    digest = write_release(tmp_path / "big", 1, model_bytes=9_000_000)
    assert publish(bucket, tmp_path / "big") == 0
    assert served(bucket) == digest


def test_the_functions_own_reader_finds_what_was_published(
    bucket: storage.Bucket, releases: dict[Path, str]
) -> None:
    first, one = next(iter(releases.items()))
    publish(bucket, first)
    with Bucket(bucket.name, seconds=60) as reader:
        assert pointed(reader) == one
        release = download(reader, one)
    assert release.files == {name: (first / name).read_bytes() for name in release.files}


def test_publishing_what_is_current_changes_nothing_and_says_so(
    bucket: storage.Bucket, releases: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    first, digest = next(iter(releases.items()))
    publish(bucket, first)
    before = bucket.get_blob(POINTER).generation
    assert publish(bucket, first) == 0
    assert bucket.get_blob(POINTER).generation == before
    assert f"already: nothing to do for {digest}" in capsys.readouterr().out


def test_no_cache_may_keep_the_pointer(bucket: storage.Bucket, releases: dict[Path, str]) -> None:
    publish(bucket, next(iter(releases)))
    assert bucket.get_blob(POINTER).cache_control == "no-store"


def test_no_promote_uploads_without_serving(
    bucket: storage.Bucket, releases: dict[Path, str]
) -> None:
    (first, one), (second, two), _ = releases.items()
    publish(bucket, first)
    assert publish(bucket, second, "--no-promote") == 0
    assert served(bucket) == one
    assert main(["promote", two[:12], uri(bucket)]) == 0
    assert served(bucket) == two
    assert pointer(bucket)["previous"] == one


def test_promoting_what_is_current_leaves_the_previous_release_named(
    bucket: storage.Bucket, releases: dict[Path, str]
) -> None:
    (first, one), (second, two), _ = releases.items()
    publish(bucket, first)
    publish(bucket, second)
    assert main(["promote", two, uri(bucket)]) == 0
    assert pointer(bucket)["previous"] == one


@pytest.mark.parametrize("spoil", ["change", "shorten", "remove"])
@pytest.mark.parametrize("name", ["model.bin", "spm.model", "manifest.json"])
def test_a_release_that_differs_from_its_manifest_is_not_uploaded(
    spoil: str,
    name: str,
    bucket: storage.Bucket,
    releases: dict[Path, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = next(iter(releases))
    content = (first / name).read_bytes()
    if spoil == "remove":
        (first / name).unlink()
    else:
        (first / name).write_bytes(content[:-1] + (b"\xff" if spoil == "change" else b""))
    assert publish(bucket, first) == 1
    assert name in capsys.readouterr().err
    assert list(bucket.list_blobs()) == []


@pytest.mark.parametrize("size", [5, 5000])
def test_an_object_that_is_there_with_other_bytes_stops_the_publisher(
    size: int,
    bucket: storage.Bucket,
    releases: dict[Path, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (first, one), (second, two), _ = releases.items()
    publish(bucket, first)
    bucket.blob(f"students/{two}/model.bin").upload_from_string(b"\0" * size)
    assert (second / "model.bin").stat().st_size == 5000
    assert publish(bucket, second) == 1
    assert f"{uri(bucket)}/students/{two}/model.bin exists with other" in capsys.readouterr().err
    assert served(bucket) == one


def test_an_object_that_someone_writes_in_the_meantime_is_not_overwritten(
    wire: Wire,
    bucket: storage.Bucket,
    releases: dict[Path, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, one = next(iter(releases.items()))
    theirs = bucket.blob(f"students/{one}/spm.model")

    def before(request: Request) -> None:
        if request.method == "POST" and f"{one}/spm.model".encode() in request.body:
            theirs.upload_from_string(b"theirs")

    wire.before = before
    assert publish(bucket, first) == 1
    assert "spm.model exists with other bytes" in capsys.readouterr().err
    assert theirs.download_as_bytes() == b"theirs"


@pytest.mark.parametrize("more", [(), ("--no-promote",)])
@pytest.mark.parametrize("spoil", ["overwrite", "delete"])
def test_an_upload_that_went_wrong_is_not_promoted(
    spoil: str,
    more: tuple[str, ...],
    wire: Wire,
    bucket: storage.Bucket,
    releases: dict[Path, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (first, one), (second, two), _ = releases.items()
    publish(bucket, first)

    def after(request: Request) -> None:
        if request.method == "POST" and f"{two}/spm.model".encode() in request.body:
            blob = bucket.blob(f"students/{two}/spm.model")
            blob.upload_from_string(b"spoilt") if spoil == "overwrite" else blob.delete()

    wire.after = after
    assert publish(bucket, second, *more) == 1
    assert "spm.model" in capsys.readouterr().err
    assert served(bucket) == one


def test_promote_refuses_a_release_with_a_wrong_byte(
    bucket: storage.Bucket, releases: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    (first, one), (second, two), _ = releases.items()
    publish(bucket, first)
    publish(bucket, second, "--no-promote")
    content = (second / "model.bin").read_bytes()
    bucket.blob(f"students/{two}/model.bin").upload_from_string(content[:-1] + b"\x00")
    assert main(["promote", two, uri(bucket)]) == 1
    assert "model.bin: sha256 differs" in capsys.readouterr().err
    assert served(bucket) == one


def test_promote_refuses_a_release_under_a_digest_that_is_not_its_own(
    bucket: storage.Bucket, releases: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    (first, one), (second, two), _ = releases.items()
    publish(bucket, first)
    for path in second.iterdir():
        bucket.blob(f"students/{'c' * 64}/{path.name}").upload_from_string(path.read_bytes())
    assert main(["promote", "c" * 64, uri(bucket)]) == 1
    assert f"manifest.json: its sha256 is {two}" in capsys.readouterr().err
    assert served(bucket) == one


def test_promote_refuses_what_names_no_release_or_several(
    bucket: storage.Bucket, releases: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for directory in releases:
        publish(bucket, directory)
    assert main(["promote", "nothing", uri(bucket)]) == 1
    assert "no release begins with 'nothing'" in capsys.readouterr().err
    assert main(["promote", "", uri(bucket)]) == 1
    assert "3 releases begin with" in capsys.readouterr().err


def test_rollback_serves_the_previous_release_and_a_second_one_undoes_it(
    bucket: storage.Bucket, releases: dict[Path, str]
) -> None:
    (first, one), (second, two), _ = releases.items()
    publish(bucket, first)
    publish(bucket, second)
    assert main(["rollback", uri(bucket)]) == 0
    assert (served(bucket), pointer(bucket)["previous"]) == (one, two)
    assert main(["rollback", uri(bucket)]) == 0
    assert (served(bucket), pointer(bucket)["previous"]) == (two, one)


def test_rollback_without_a_previous_release_says_so(
    bucket: storage.Bucket, releases: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rollback", uri(bucket)]) == 1
    assert "no release was served before now" in capsys.readouterr().err
    first, one = next(iter(releases.items()))
    publish(bucket, first)
    assert main(["rollback", uri(bucket)]) == 1
    assert f"no release was served before {one}" in capsys.readouterr().err


def test_list_shows_every_release_with_its_mark(
    bucket: storage.Bucket, releases: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for directory in releases:
        publish(bucket, directory)
    bucket.blob(f"students/{'a' * 64}/model.bin").upload_from_string(b"half")
    bucket.blob("students/README.txt").upload_from_string(b"not a release")
    capsys.readouterr()
    assert main(["list", uri(bucket), "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)
    one, two, three = releases.values()
    marks = {line["digest"]: line["mark"] for line in lines}
    assert marks == {"a" * 64: "unfinished", three: "current", two: "previous", one: ""}
    assert [line["digest"] for line in lines[1:]] == [three, two, one]
    assert lines[1]["scores"] == {"chrf": 30.5, "checks": 0.9}
    assert main(["list", uri(bucket)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[2].split()[:2] == [three[:12], "current"]
    assert "chrf=30.5" in table[2]


def test_list_shows_what_a_release_lacks_and_a_pointer_to_nothing(
    bucket: storage.Bucket, releases: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    (first, one), (second, two), _ = releases.items()
    publish(bucket, first)
    publish(bucket, second)
    bucket.blob(f"students/{one}/spm.model").delete()
    for path in second.iterdir():
        bucket.blob(f"students/{two}/{path.name}").delete()
    capsys.readouterr()
    assert main(["list", uri(bucket), "--json"]) == 0
    lines = {line["digest"]: line for line in json.loads(capsys.readouterr().out)}
    assert (lines[one]["mark"], lines[one]["problem"]) == ("previous", "missing: spm.model")
    assert (lines[two]["mark"], lines[two]["bytes"]) == ("current", 0)
    assert "roll back" in lines[two]["problem"]


def test_list_shows_a_release_whose_manifest_cannot_be_read(
    bucket: storage.Bucket, releases: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    first, one = next(iter(releases.items()))
    publish(bucket, first)
    bucket.blob(f"students/{'b' * 64}/manifest.json").upload_from_string(b'{"encoding": 999}')
    assert main(["list", uri(bucket)]) == 0
    out = capsys.readouterr().out
    assert one[:12] in out
    assert "b" * 12 in out
