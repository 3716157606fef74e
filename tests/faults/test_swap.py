"""The pointer moves and moves back under load: who asks notices nothing but another digest.

The releases are of real size: the embedded one, and the same student under another manifest.
"""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
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
LONGEST_LOAD = 15.0  # DOWNLOAD_SECONDS, and loading on a busy machine
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


def test_a_moved_pointer_and_a_rollback_are_served_in_time_and_slow_nobody_twice(
    bucket: storage.Bucket, gcs_server: str, published: tuple[str, str], tmp_path: Path
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
            times = [time.monotonic()]
            for command, wanted in ((["promote", second], second), (["rollback"], first)):
                assert main([*command, uri]) == 0
                moved = time.monotonic()
                until(lambda wanted=wanted: all(c.asked[-1][2] == wanted for c in callers))
                assert time.monotonic() - moved < REFRESH_SECONDS + LONGEST_LOAD
                times.append(time.monotonic())
        logged = server.logged("release loaded")
    assert [entry["release"] for entry in logged] == [first, second, first]
    for caller in callers:
        assert caller.failed == []
        seen = [found for _, _, found in caller.asked]
        changes = [b for a, b in pairwise(seen) if a != b]
        assert changes == [second, first], "never back and forth"
        usual = caller.slowest(begin, times[0])[0]
        for since, until_ in pairwise(times):
            slow = [s for s in caller.slowest(since, until_) if s > 2 * usual + 0.3]
            assert len(slow) <= 1
