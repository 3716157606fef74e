"""Prune leaves no reader with half a release, whoever races it."""

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from google.cloud import storage  # type: ignore[import-untyped]

from distill.prune import Pruned, prune
from distill.publish import main
from tests.distill.killing import run_killed_after
from tests.distill.publishing import POINTER, uri
from tests.releases import served, write_release
from tests.wire import Answer, Request, Wire

NOW = datetime.now(UTC)


def digests(bucket: storage.Bucket) -> set[str]:
    """The digests below which any object is left."""
    names = {blob.name.split("/")[1] for blob in bucket.list_blobs(prefix="students/")}
    return names - {"current.json"}


def mark(digest: str) -> str:
    return f"students/{digest}/pruning"


def deletions(wire: Wire) -> list[str]:
    """The names of the objects that were deleted, in order, without students/<digest>/."""
    deleted = [request.path for request in wire.passed if request.method == "DELETE"]
    return [path.split("?")[0].split("%2F")[-1] for path in deleted]


@pytest.fixture
def published(bucket: storage.Bucket, tmp_path: Path) -> list[str]:
    """Five releases, published one after the other: the last is current."""
    found = []
    for seed in range(5):
        directory = tmp_path / str(seed)
        found.append(write_release(directory, seed))
        assert main(["publish", str(directory), uri(bucket)]) == 0
    return found


@pytest.mark.parametrize(("keep", "left"), [(0, 2), (1, 2), (2, 2), (3, 3), (5, 5), (9, 5)])
def test_prune_keeps_the_newest_and_what_the_pointer_names(
    keep: int, left: int, bucket: storage.Bucket, published: list[str]
) -> None:
    assert main(["prune", uri(bucket), "--keep", str(keep)]) == 0
    assert digests(bucket) == set(published[-left:])
    assert served(bucket) == published[-1]
    assert main(["rollback", uri(bucket)]) == 0
    assert served(bucket) == published[-2]


def test_prune_keeps_an_old_release_that_was_promoted_again(
    bucket: storage.Bucket, published: list[str]
) -> None:
    assert main(["promote", published[0], uri(bucket)]) == 0
    assert main(["prune", uri(bucket), "--keep", "0"]) == 0
    assert digests(bucket) == {published[0], published[4]}
    assert served(bucket) == published[0]


def test_a_dry_run_names_what_would_go_and_writes_nothing(
    wire: Wire, bucket: storage.Bucket, published: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    wire.passed.clear()
    capsys.readouterr()
    assert main(["prune", uri(bucket), "--keep", "2", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert set(out.split()[:3]) == set(published[:3])
    assert "would prune 3" in out
    assert {request.method for request in wire.passed} == {"GET"}


def test_an_upload_without_manifest_goes_once_it_is_a_day_old(
    bucket: storage.Bucket, published: list[str]
) -> None:
    unfinished = "a" * 64
    bucket.blob(f"students/{unfinished}/model.bin").upload_from_string(b"half")
    prune(bucket, keep=9, dry_run=False, now=NOW + timedelta(hours=23))
    assert digests(bucket) == {*published, unfinished}
    prune(bucket, keep=9, dry_run=False, now=NOW + timedelta(hours=25))
    assert digests(bucket) == set(published)


def test_a_clock_that_is_days_ahead_deletes_no_upload_in_progress(
    bucket: storage.Bucket, published: list[str], tmp_path: Path
) -> None:
    """The clock of the machine that prunes. No test may set it: the command's own is ahead."""
    ahead = (
        "import datetime\n"
        "class Ahead(datetime.datetime):\n"
        "    @classmethod\n"
        "    def now(cls, tz=None):\n"
        "        return super().now(tz) + datetime.timedelta(days=3)\n"
        "datetime.datetime = Ahead\n"
    )
    (tmp_path / "sitecustomize.py").write_text(ahead)
    uploading = "a" * 64
    bucket.blob(f"students/{uploading}/model.bin").upload_from_string(b"half")
    command = [sys.executable, "-m", "distill.publish", "prune", uri(bucket), "--keep", "2"]
    told = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), "."))},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
        text=True,
    )
    assert "pruned 3 " in told.stdout
    assert digests(bucket) == {*published[-2:], uploading}


def test_prune_leaves_alone_what_is_no_release(
    bucket: storage.Bucket, published: list[str]
) -> None:
    for name in ("students/notes/readme.txt", "elsewhere/model.bin", "students/x.txt"):
        bucket.blob(name).upload_from_string(b"mine")
    prune(bucket, keep=0, dry_run=False, now=NOW + timedelta(days=9))
    names = {blob.name for blob in bucket.list_blobs()}
    assert {"students/notes/readme.txt", "elsewhere/model.bin", "students/x.txt"} <= names


def test_prune_without_a_pointer_deletes_nothing(
    bucket: storage.Bucket, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = write_release(tmp_path / "one", 1)
    main(["publish", str(tmp_path / "one"), uri(bucket), "--no-promote"])
    assert main(["prune", uri(bucket), "--keep", "0"]) == 1
    assert "no current release" in capsys.readouterr().err
    assert digests(bucket) == {digest}


def test_a_bucket_that_does_not_say_the_time_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
    bucket: storage.Bucket,
    published: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("distill.prune.requests.get", lambda url, timeout: requests.Response())
    assert main(["prune", uri(bucket), "--keep", "0"]) == 1
    assert "has no Date" in capsys.readouterr().err
    assert digests(bucket) == set(published)


def test_a_release_loses_its_manifest_before_its_files(
    wire: Wire, bucket: storage.Bucket, published: list[str]
) -> None:
    assert main(["prune", uri(bucket), "--keep", "4"]) == 0
    order = deletions(wire)
    assert order[0] == "manifest.json"
    assert order[-1] == "pruning"
    assert len(order) == 6


def test_a_release_that_is_promoted_while_prune_chooses_is_not_deleted(
    wire: Wire, bucket: storage.Bucket, published: list[str], gcs_server: str
) -> None:
    """The promoter looked before the marks were there, and writes before prune's last word."""
    chosen, prune_waits, promoted = published[0], threading.Event(), threading.Event()

    def before(request: Request) -> None:
        if request.method != "POST" or POINTER.encode() not in request.body:
            return
        if chosen.encode() in request.body:  # the promoter, verified and about to write
            begin_prune.set()
            assert prune_waits.wait(60)
        elif not prune_waits.is_set():  # prune, its marks set, about to write
            prune_waits.set()
            assert promoted.wait(60)

    begin_prune = threading.Event()
    wire.before = before
    codes = []

    def promote() -> None:
        codes.append(main(["promote", chosen, uri(bucket)]))
        promoted.set()

    promoter = threading.Thread(target=promote)
    promoter.start()
    assert begin_prune.wait(60)
    assert main(["prune", uri(bucket), "--keep", "0"]) == 0
    promoter.join()
    assert codes == [0]
    assert served(bucket) == chosen
    assert digests(bucket) == {chosen, published[4]}
    assert main(["promote", published[4], uri(bucket)]) == 0
    assert main(["rollback", uri(bucket)]) == 0  # no mark is left on it


def test_a_promoter_that_looked_too_early_does_not_promote_what_prune_deletes(
    wire: Wire, bucket: storage.Bucket, published: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The promoter verified before the marks, and writes after prune's last word."""
    chosen = published[0]
    pruned: list[Pruned] = []

    def before(request: Request) -> None:
        names_chosen = f'"digest":"{chosen}"'.encode() in request.body
        if request.method == "POST" and names_chosen and not pruned:
            pruned.append(prune(bucket, keep=0, dry_run=False, now=NOW))

    wire.before = before
    assert main(["promote", chosen, uri(bucket)]) == 1
    assert chosen in pruned[0].digests
    assert "manifest.json: missing" in capsys.readouterr().err
    assert served(bucket) == published[4]


def test_a_promoter_that_looks_after_prune_chose_is_refused_though_all_files_are_there(
    wire: Wire, bucket: storage.Bucket, published: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []

    def before(request: Request) -> None:
        if request.method == "DELETE" and not codes:
            codes.append(-1)  # the promoter's own requests pass
            codes.append(main(["promote", published[0], uri(bucket)]))

    wire.before = before
    assert main(["prune", uri(bucket), "--keep", "0"]) == 0
    assert codes == [-1, 1]
    assert "is being pruned" in capsys.readouterr().err
    assert served(bucket) == published[4]


def test_what_is_being_pruned_is_neither_promoted_nor_published(
    wire: Wire,
    bucket: storage.Bucket,
    published: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bucket.blob(mark(published[0])).upload_from_string(b"")
    gone = bucket.blob(f"students/{published[0]}/manifest.json")
    gone.delete()
    assert main(["promote", published[0], uri(bucket)]) == 1
    assert "is being pruned: run `tinycopy prune" in capsys.readouterr().err
    assert main(["publish", str(tmp_path / "0"), uri(bucket)]) == 1
    assert "is being pruned: run `tinycopy prune" in capsys.readouterr().err
    assert not gone.exists(), "nothing is uploaded into what prune deletes"
    assert main(["prune", uri(bucket), "--keep", "9"]) == 0
    assert main(["publish", str(tmp_path / "0"), uri(bucket)]) == 0
    assert served(bucket) == published[0]


def test_a_mark_that_another_prune_renewed_is_left_there(
    wire: Wire, bucket: storage.Bucket, published: list[str]
) -> None:
    """The other has chosen the release again, after this prune listed the mark as a leftover."""
    name = mark(published[4])
    bucket.blob(name).upload_from_string(b"")
    renewed: list[int] = []

    def before(request: Request) -> Answer | None:
        url = urlsplit(request.path)
        if request.method != "DELETE" or not url.path.endswith(quote(name, safe="")):
            return None
        bucket.blob(name).upload_from_string(b"")
        renewed.append(bucket.get_blob(name).generation)
        # The emulator ignores the precondition of a deletion; Cloud Storage answers 412.
        wanted = parse_qs(url.query).get("ifGenerationMatch", [str(renewed[-1])])
        return None if wanted == [str(renewed[-1])] else Answer(412)

    wire.before = before
    assert main(["prune", uri(bucket), "--keep", "0"]) == 0
    assert len(renewed) == 1
    assert bucket.get_blob(name).generation == renewed[0]


def test_prune_killed_after_any_request_harms_no_reader_and_the_next_one_finishes(
    gcs_server: str, bucket: storage.Bucket, tmp_path: Path
) -> None:
    paths = [tmp_path / str(seed) for seed in range(3)]
    old, *kept = [write_release(path, seed) for seed, path in enumerate(paths)]

    def prune_until(number: int) -> tuple[storage.Bucket, list[Request]]:
        target = bucket.client.create_bucket(f"{bucket.name}-{number}")
        for path in paths:
            assert main(["publish", str(path), uri(target)]) == 0
        argv = ["prune", uri(target), "--keep", "0"]
        return target, run_killed_after(gcs_server, argv, number)

    target, requests = prune_until(0)
    assert digests(target) == set(kept)
    for number in range(1, len(requests) + 1):
        target, _ = prune_until(number)
        assert served(target) == kept[1]
        # Whoever asks for the old one by its digest finds all of it or none.
        left = {blob.name for blob in target.list_blobs(prefix=f"students/{old}/")}
        assert f"students/{old}/manifest.json" not in left or len(left - {mark(old)}) == 5
        assert main(["prune", uri(target), "--keep", "0"]) == 0
        assert digests(target) == set(kept)
        assert main(["rollback", uri(target)]) == 0
        assert served(target) == kept[0]
