"""A bucket that fails while a function runs: what served goes on serving, and it recovers."""

import hashlib
import json
import re
import threading
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest

from tests.faults.conftest import Place
from tests.faults.spoiling import (
    FILE_FAULTS,
    MIB,
    NAMES,
    POINTER,
    POINTER_FAULTS,
    spoil,
)
from tests.faults.workers import worker
from tests.function.releases import EMBEDDED, FIRST, SECOND
from tests.function.server import BRIEF, Server, until
from tests.tiny_release import make_release
from tests.wire import Answer, Request, wired
from tinycopy.manifest import FILES, MANIFEST


def fails(server: Server, place: Place, said: str) -> None:
    """The function says what is wrong, and goes on with FIRST."""
    until(lambda: re.search(said, server.ask("GET", "/info").json["release"].get("trouble", "")))
    reply = server.copy()
    assert reply.status == 200
    assert reply.json["model"] == {
        "digest": place.digests[FIRST],
        "source": "bucket",
        "degraded": True,
    }
    assert server.ask("GET", "/health").json == {"status": "ready"}


@pytest.mark.parametrize("name", POINTER_FAULTS)
def test_a_pointer_that_cannot_be_read_leaves_what_serves(
    server: Server, place: Place, name: str
) -> None:
    fault, said = POINTER_FAULTS[name]
    spoil(place.wire, POINTER, fault)
    fails(server, place, said)


@pytest.mark.parametrize("file", NAMES)
def test_a_new_release_with_a_bad_file_leaves_what_serves(
    server: Server, place: Place, file: str
) -> None:
    """One fault after the other, at each look of the function."""
    wanted = f"students/{place.digests[SECOND]}/{file}"
    content = place.bucket.blob(wanted).download_as_bytes()
    before = peak(server)
    for fault, said in FILE_FAULTS.values():
        spoil(place.wire, wanted, fault, content)
        place.point(place.digests[SECOND])
        fails(server, place, f"(^|/){re.escape(file)}: .*({said})")
    assert peak(server) - before < 16 * MIB


def peak(server: Server) -> int:
    """The most bytes of memory that the worker has had."""
    told = Path(f"/proc/{worker(server).pid}/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", told)[1])  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"encoding": 999}, "encoding 999"),
        ({"bytes": 10**13}, "`int` <= 268435456"),
        ({"bytes": 250 * MIB, "every": True}, "1048576000 bytes, more than 268435456"),
    ],
    ids=["unknown encoding", "one file of 10 TB", "files of 1 GB"],
)
def test_a_manifest_that_promises_what_cannot_be_served_leaves_what_serves(
    server: Server, place: Place, change: dict[str, int], said: str
) -> None:
    """Its digest is right: whoever may write the bucket wrote it so. No other file is asked for."""
    name = f"students/{place.digests[SECOND]}/{MANIFEST}"
    manifest = json.loads(place.bucket.blob(name).download_as_bytes())
    if "bytes" in change:
        for file in FILES if "every" in change else ["model.bin"]:
            manifest["files"][file]["bytes"] = change["bytes"]
    else:
        manifest |= change
    raw = msgspec.json.encode(manifest)
    digest = hashlib.sha256(raw).hexdigest()
    place.bucket.blob(f"students/{digest}/{MANIFEST}").upload_from_string(raw)
    place.wire.passed.clear()
    place.point(digest)
    fails(server, place, said)
    asked = {unquote(request.path).split("/")[-1].split("?")[0] for request in place.wire.passed}
    assert asked == {"current.json", MANIFEST}


@pytest.mark.parametrize("pruned", [False, True])
def test_a_pointer_that_moves_during_a_load_is_followed(
    server: Server, place: Place, tmp_path: Path, pruned: bool
) -> None:
    """The release that is being loaded may even be gone meanwhile."""
    first, between = place.digests[FIRST], place.digests[SECOND]
    last = make_release(tmp_path / "last", 7)
    place.upload(tmp_path / "last", last)
    moved = threading.Event()

    def move(request: Request) -> Answer | None:
        if f"{between}/model.bin" not in unquote(request.path) or moved.is_set():
            return None
        place.point(last)
        moved.set()
        return Answer(404) if pruned else None

    place.wire.before = move
    place.point(between)
    seen = []

    def is_last() -> bool:
        reply = server.copy()
        assert reply.status == 200
        seen.append(reply.json["model"]["digest"])
        return bool(seen[-1] == last)

    until(is_last)
    assert moved.is_set()
    assert set(seen) <= ({first, last} if pruned else {first, between, last})


def test_a_bucket_that_fails_at_first_is_served_from_once_it_is_well(
    gcs_server: str, place: Place
) -> None:
    answers = iter([429, 500])

    def fail_twice(request: Request) -> Answer | None:
        number = next(answers, None)
        return None if number is None else Answer(number)

    with wired(gcs_server) as wire:
        wire.before = fail_twice
        settings = {"STORAGE_EMULATOR_HOST": wire.url, "MODEL_REFRESH_SECONDS": "60"}
        with place.running(**settings) as server:
            model = server.copy().json["model"]
            assert (model["digest"], model["degraded"]) == (place.digests[EMBEDDED], True)
            until(lambda: server.copy().json["model"]["digest"] == place.digests[FIRST])
            failed = server.logged("release not loaded")
    assert [entry["message"][-3:] for entry in failed] == ["429", "500"]
    first, second = (datetime.fromisoformat(entry["time"]) for entry in failed)
    # Not a minute later, as MODEL_REFRESH_SECONDS says; a busy machine may take its time.
    assert 1 <= (second - first).total_seconds() < 15, "it is asked again after a second"


def test_a_clock_that_is_wrong_and_jumps_disturbs_nothing(place: Place) -> None:
    """No test may set the machine's clock: Python's, in the function's processes, jumps by days."""
    jumping = (
        "import itertools, time\n"
        "true, days = time.time, itertools.cycle([-400, 1, 400, 0])\n"
        "time.time = lambda: true() + 86400 * next(days)\n"
    )
    custom = place.source / "sitecustomize.py"
    custom.write_text(jumping)
    try:
        with place.running() as server:
            until(lambda: server.copy().json["model"]["digest"] == place.digests[FIRST])
            place.point(place.digests[SECOND])
            until(lambda: server.copy().json["model"]["digest"] == place.digests[SECOND])
            body = {"model": "tinycopy", "prompt": json.dumps(BRIEF)}
            made = [
                until(lambda: server.ask("POST", "/v1/completions", body).json.get("created"))
                for _ in range(4)
            ]
            assert {reply.status for reply in (server.copy() for _ in range(8))} == {200}
    finally:
        custom.unlink()
        place.point(place.digests[FIRST])
    assert max(made) - min(made) > 3600, "the clock did not jump"
    assert not server.logged("release not loaded")
