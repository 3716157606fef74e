"""The pointer moves and moves back under load: who asks notices nothing but another digest.

The releases are of real size: the embedded one, and the same student under another manifest.
"""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]

from distill.publish import main
from tests.function.server import BRIEF, FUNCTION, Server, deployable, running, until
from tests.tiny_release import write_manifest
from tinycopy.manifest import MANIFEST, digest

REFRESH_SECONDS = 0.5
LONGEST_LOAD = 5.0  # a second and a half on two cores that train at the same time
CALLERS = 3


@dataclass
class Caller:
    """Somebody who asks again as soon as there is an answer."""

    port: int
    stop: threading.Event
    asked: list[tuple[float, float, str]] = field(default_factory=list)  # start, seconds, digest
    failed: list[object] = field(default_factory=list)

    def run(self) -> None:
        body = json.dumps(BRIEF)
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            while not self.stop.is_set():
                start = time.monotonic()
                try:
                    connection.request(
                        "POST", "/v1/copy", body, {"Content-Type": "application/json"}
                    )
                    reply = connection.getresponse()
                    answer = json.loads(reply.read())
                except (OSError, ValueError) as error:
                    self.failed.append(error)
                    return
                if reply.status != 200:
                    self.failed.append(answer)
                    continue
                found = answer["model"]["digest"]
                self.asked.append((start, time.monotonic() - start, found))

    def slowest(self, since: float, until: float) -> list[float]:
        """Seconds of the requests that began in this time, the longest first."""
        found = [seconds for start, seconds, _ in self.asked if since <= start < until]
        return sorted(found, reverse=True)


@contextmanager
def asking(server: Server) -> Iterator[list[Caller]]:
    stop = threading.Event()
    callers = [Caller(server.port, stop) for _ in range(CALLERS)]
    threads = [threading.Thread(target=caller.run) for caller in callers]
    for thread in threads:
        thread.start()
    try:
        yield callers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def published(bucket: storage.Bucket, tmp_path: Path) -> tuple[str, str]:
    """The digests of two releases in the bucket; the first is served."""
    embedded = FUNCTION / "tinycopy" / "embedded"
    shutil.copytree(embedded, tmp_path / "second")
    second = write_manifest(tmp_path / "second")
    uri = f"gs://{bucket.name}"
    assert main(["publish", str(embedded), uri]) == 0
    assert main(["publish", str(tmp_path / "second"), uri, "--no-promote"]) == 0
    return digest((embedded / MANIFEST).read_bytes()), second


@dataclass(frozen=True)
class Swap:
    """A release that took the place of another: seconds by time.monotonic.

    begin: the pointer had moved.  loaded: the log says so.  end: every caller has copy from it.
    load: what loading it took.
    """

    release: str
    begin: float
    loaded: float
    end: float
    load: float


def swap(server: Server, uri: str, command: list[str], release: str, callers: list[Caller]) -> Swap:
    """Moves the pointer by a command and waits until all callers get the other release."""
    logged = len(server.logged("release loaded"))
    assert main([*command, uri]) == 0
    begin = time.monotonic()
    until(lambda: all(caller.asked[-1][2] == release for caller in callers))
    end = time.monotonic()
    (entry,) = server.logged("release loaded")[logged:]
    assert entry["release"] == release
    ago = time.time() - datetime.fromisoformat(entry["time"]).timestamp()
    return Swap(release, begin, time.monotonic() - ago, end, entry["load_ms"] / 1000)


def test_a_moved_pointer_and_a_rollback_are_served_in_time_and_slow_nobody_twice(
    bucket: storage.Bucket,
    gcs_server: str,
    published: tuple[str, str],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    first, second = published
    source, uri = tmp_path / "function", f"gs://{bucket.name}"
    deployable(source)
    environ = {
        "MODEL_URI": uri,
        "STORAGE_EMULATOR_HOST": gcs_server,
        "MODEL_REFRESH_SECONDS": str(REFRESH_SECONDS),
        "CANDIDATES": "6",
    }
    with running(source, **environ) as server:
        until(lambda: server.copy().json["model"]["digest"] == first)
        with asking(server) as callers:
            begin = time.monotonic()
            until(lambda: all(len(caller.asked) >= 10 for caller in callers))
            promoted = swap(server, uri, ["promote", second], second, callers)
            swaps = (promoted, swap(server, uri, ["rollback"], first, callers))
        record_property("swaps", swaps)
    for one in swaps:
        print(one)
        assert one.loaded - one.begin < REFRESH_SECONDS + LONGEST_LOAD
    for caller in callers:
        assert caller.failed == []
        changes = [b for a, b in pairwise(found for _, _, found in caller.asked) if a != b]
        assert changes == [second, first], "never back and forth"
        usual = caller.slowest(begin, promoted.begin)[0]
        for one in swaps:
            late = [found for start, _, found in caller.asked if one.loaded < start < one.end]
            assert set(late) <= {one.release}, "once it is loaded, the next answer is its own"
            slow = [s for s in caller.slowest(one.begin, one.end) if s > 2 * usual + one.load]
            assert len(slow) <= 1
