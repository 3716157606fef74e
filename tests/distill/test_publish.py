import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]

from distill.publish import main
from tests.distill.killing import run_killed_after
from tests.releases import served, write_release
from tests.wire import Answer, Cut, Request, Wire, wired
from tinycopy.bucket import Bucket
from tinycopy.release import download, pointed

POINTER = "students/current.json"  # spelled out: it is the contract with deployed functions


def uri(bucket: storage.Bucket) -> str:
    return f"gs://{bucket.name}"


def pointer(bucket: storage.Bucket) -> dict[str, str | None]:
    value: dict[str, str | None] = json.loads(bucket.blob(POINTER).download_as_bytes())
    return value


def publish(bucket: storage.Bucket, directory: Path, *more: str) -> int:
    return main(["publish", str(directory), uri(bucket), *more])


def writes_pointer(request: Request) -> bool:
    return request.method == "POST" and POINTER.encode() in request.body


@pytest.fixture
def wire(
    gcs_server: str, bucket: storage.Bucket, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Wire]:
    with wired(gcs_server) as wire:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", wire.url)
        yield wire


@pytest.fixture
def releases(tmp_path: Path) -> dict[Path, str]:
    """Three releases on disk, and their digests."""
    paths = [tmp_path / name for name in ("one", "two", "three")]
    return {path: write_release(path, seed) for seed, path in enumerate(paths)}


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


def test_an_object_that_is_there_with_other_bytes_stops_the_publisher(
    bucket: storage.Bucket, releases: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    (first, one), (second, two), _ = releases.items()
    publish(bucket, first)
    bucket.blob(f"students/{two}/model.bin").upload_from_string(b"something else")
    assert publish(bucket, second) == 1
    assert f"{uri(bucket)}/students/{two}/model.bin exists with other" in capsys.readouterr().err
    assert served(bucket) == one


@pytest.mark.parametrize("spoil", ["overwrite", "delete"])
def test_an_upload_that_went_wrong_is_not_promoted(
    spoil: str,
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
    assert publish(bucket, second) == 1
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


def test_of_eight_publishers_one_wins_each_generation(
    wire: Wire, bucket: storage.Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = {write_release(tmp_path / str(seed), seed): tmp_path / str(seed) for seed in range(8)}
    waiting, previous = set(paths), None
    while waiting:
        # All have read the same pointer before any of them writes it.
        gate = threading.Barrier(len(waiting), timeout=120)

        def hold(request: Request, gate: threading.Barrier = gate) -> None:
            if writes_pointer(request):
                gate.wait()

        wire.before = hold
        with ThreadPoolExecutor(len(waiting)) as pool:
            codes = dict(
                zip(
                    waiting, pool.map(lambda one: publish(bucket, paths[one]), waiting), strict=True
                )
            )
        (winner,) = (digest for digest, code in codes.items() if code == 0)
        assert served(bucket) == winner
        assert pointer(bucket)["previous"] == previous
        errors = capsys.readouterr().err.splitlines()
        assert sum(f"someone else moved it to {winner}" in error for error in errors) == len(
            waiting - {winner}
        )
        waiting, previous = waiting - {winner}, winner


def test_two_publishers_of_the_same_release_both_succeed(
    wire: Wire, bucket: storage.Bucket, releases: dict[Path, str]
) -> None:
    first, one = next(iter(releases.items()))
    gate = threading.Barrier(2, timeout=120)

    def hold(request: Request) -> None:
        if writes_pointer(request):
            gate.wait()

    wire.before = hold
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: publish(bucket, first), range(2))) == [0, 0]
    assert served(bucket) == one
    assert pointer(bucket)["previous"] is None


def test_a_publisher_whose_winning_write_got_no_answer_knows_that_it_won(
    wire: Wire, bucket: storage.Bucket, releases: dict[Path, str]
) -> None:
    first, one = next(iter(releases.items()))
    writes = []

    def lose_first_answer(request: Request) -> None:
        if writes_pointer(request):
            writes.append(request)
            if len(writes) == 1:
                raise Cut

    wire.after = lose_first_answer
    assert publish(bucket, first) == 0
    assert len(writes) == 2
    assert served(bucket) == one


def test_a_publisher_killed_after_any_request_leaves_the_old_release_and_can_run_again(
    gcs_server: str, bucket: storage.Bucket, releases: dict[Path, str]
) -> None:
    (first, one), (second, two), _ = releases.items()

    def publish_until(number: int) -> tuple[storage.Bucket, int]:
        target = bucket.client.create_bucket(f"{bucket.name}-{number}")
        assert publish(target, first) == 0
        argv = ["publish", str(second), uri(target)]
        return target, run_killed_after(gcs_server, argv, number)

    _, requests = publish_until(0)
    assert requests > 2 * 5  # five uploads and five downloads at the least
    for number in range(1, requests + 1):
        target, _ = publish_until(number)
        assert served(target) == (one if number < requests else two)  # the last moves the pointer
        # Whoever asks for the new one by its digest finds all of it or none.
        left = {blob.name for blob in target.list_blobs(prefix=f"students/{two}/")}
        assert f"students/{two}/manifest.json" not in left or len(left) == 5
        assert publish(target, second) == 0
        assert served(target) == two
        assert pointer(target)["previous"] == one


def test_a_missing_bucket_is_named(
    bucket: storage.Bucket, releases: dict[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["publish", str(next(iter(releases))), "gs://no-such-bucket"]) == 1
    error = capsys.readouterr().err
    assert "gs://no-such-bucket: not found" in error


def test_a_denied_write_names_the_object_and_the_role(
    wire: Wire,
    bucket: storage.Bucket,
    releases: dict[Path, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, one = next(iter(releases.items()))
    wire.before = lambda request: Answer(403) if request.method == "POST" else None
    assert publish(bucket, first) == 1
    error = capsys.readouterr().err
    assert f"{uri(bucket)}/students/{one}/" in error
    assert "roles/storage.objectAdmin" in error


def test_missing_credentials_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    assert main(["list", "gs://some-bucket"]) == 1
    assert "gcloud auth application-default login" in capsys.readouterr().err


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", b'{"digest": "short"}'])
def test_a_malformed_pointer_is_left_alone_and_named(
    raw: bytes,
    bucket: storage.Bucket,
    releases: dict[Path, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    bucket.blob(POINTER).upload_from_string(raw)
    assert publish(bucket, next(iter(releases))) == 1
    assert f"{uri(bucket)}/{POINTER} is malformed" in capsys.readouterr().err
    assert bucket.blob(POINTER).download_as_bytes() == raw


@pytest.mark.parametrize("word", ["bucket", "gs://", "gs://Bucket", "gs://bucket/folder"])
def test_a_bucket_is_written_as_gs_uri(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", word]) == 1
    assert "write it as gs://bucket" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["publish", "promote", "rollback", "list", "prune"])
def test_help_explains_each_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert "a reader sees the old release or the new one" in capsys.readouterr().out
