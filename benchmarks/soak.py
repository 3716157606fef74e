"""Soak: a function under load for 20 minutes while its pointer moves to and fro.

Callers ask for copy in a closed loop, one of them badly; each minute a release is promoted or
rolled back, in a real Cloud Storage server. Reported: resident memory at each minute, statuses,
requests that were dropped, and how long each move took to be served. Fails if memory grew by 3 %
or more once it was warm, which takes two minutes or a tenth of the time; if the minutes after that
are too few to tell (eight minutes in all will do); or if any answer was unexpected.
"""

import contextlib
import http.client
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from google.cloud import storage  # type: ignore[import-untyped]

from benchmarks import results
from benchmarks.machine import machine
from benchmarks.served import EMBEDDED, ROOT, Server, Source, apart, serving_python, started
from benchmarks.stats import growth
from deploy.measure import briefs
from distill.publish import load, promote, publish, rollback
from tests.gcs import client, serving
from tests.tiny_release import write_manifest

BUCKET = "soak"
CALLERS = 4
REFRESH_SECONDS = 5.0
WARM_MINUTES = 2
MAX_GROWTH = 0.03
BAD = {"type": "slogan", "product": "x", "another": "field"}
EXPECTED = ("200", "422", "429")


class Move(msgspec.Struct, frozen=True):
    """A moved pointer: seconds until the first answer and the last caller had the new release."""

    first: float
    last: float


class Soaked(results.Result, frozen=True):
    """rss: bytes of all processes at the end of each minute; dropped: requests not answered."""

    minutes: float
    statuses: dict[str, int]
    dropped: int
    rss: tuple[int, ...]
    moves: tuple[Move, ...]
    slowest: float

    @property
    def growth(self) -> float | None:
        """Of resident memory since it was warm, as a share; None if it is too short to tell."""
        return growth(self.rss, max(WARM_MINUTES, len(self.rss) // 10))

    @property
    def failures(self) -> list[str]:
        """Why this is no good result; empty if it is one."""
        odd = {status: n for status, n in self.statuses.items() if status not in EXPECTED}
        found = [f"unexpected answers: {odd}"] if odd else []
        found += [f"{self.dropped} requests dropped"] if self.dropped else []
        return found + results.grew(self.growth, MAX_GROWTH)


class Callers:
    """Threads that ask until told to stop, and what they saw."""

    def __init__(self, server: Server, bodies: Sequence[dict[str, Any]]) -> None:
        self._server, self._bodies = server, bodies
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(CALLERS)]
        self.statuses: Counter[str] = Counter()
        self.digests: dict[int, str] = {}
        self.dropped = 0
        self.slowest = 0.0

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        turn = number
        while not self._stop.is_set():
            with contextlib.closing(self._server.connect()) as connection:
                try:
                    while not self._stop.is_set():
                        turn += 1
                        bad = number == 0 and turn % 10 == 0
                        self._ask(connection, number, BAD if bad else self._body(turn))
                except (OSError, http.client.HTTPException):
                    with self._lock:
                        self.dropped += 1

    def _body(self, turn: int) -> dict[str, Any]:
        return {**self._bodies[turn % len(self._bodies)], "variants": 1 + turn % 3}

    def _ask(self, connection: http.client.HTTPConnection, number: int, body: Any) -> None:
        start = time.monotonic()
        sent = msgspec.json.encode(body)
        connection.request("POST", "/v1/copy", sent, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = msgspec.json.decode(answer.read())
        with self._lock:
            self.statuses[str(answer.status)] += 1
            self.slowest = max(self.slowest, time.monotonic() - start)
            if answer.status == http.HTTPStatus.OK:
                self.digests[number] = content["model"]["digest"]


def soak(
    server: Server, bucket: storage.Bucket, release: str, other: str, minutes: float
) -> Soaked:
    """Asks for `minutes`; the pointer moves from `release` to `other` and back, once a minute."""
    found, began = machine(ROOT), time.monotonic()
    moves: list[Move] = []
    rss: list[int] = []
    with Callers(server, briefs(server.port)) as callers:
        while time.monotonic() < began + 60 * minutes:
            minute = time.monotonic()
            moved = promote(bucket, other) if len(moves) % 2 == 0 else rollback(bucket)
            moves.append(_watched(callers, moved.pointer.digest))
            time.sleep(max(0.0, min(minute, began + 60 * (minutes - 1)) + 60 - time.monotonic()))
            rss.append(server.memory().rss)
    passed = round((time.monotonic() - began) / 60, 1)
    statuses = dict(callers.statuses)
    slowest = round(callers.slowest, 3)
    return Soaked(
        machine=found,
        release=release,
        minutes=passed,
        statuses=statuses,
        dropped=callers.dropped,
        rss=tuple(rss),
        moves=tuple(moves),
        slowest=slowest,
    )


def _watched(callers: Callers, wanted: str, longest: float = 120.0) -> Move:
    """Waits until every caller is answered by the wanted release. Raises TimeoutError."""
    start, first = time.monotonic(), None
    while time.monotonic() < start + longest:
        seen = list(callers.digests.values())
        if first is None and wanted in seen:
            first = time.monotonic() - start
        if first is not None and len(seen) == CALLERS and set(seen) == {wanted}:
            return Move(round(first, 2), round(time.monotonic() - start, 2))
        time.sleep(0.02)
    raise TimeoutError(f"{wanted} is not served {longest:g} s after the pointer moved")


def table(result: Soaked) -> str:
    """The result as Markdown."""
    last = [move.last for move in result.moves]
    rows = [
        ("requests", f"{sum(result.statuses.values()):,} in {result.minutes:g} minutes"),
        ("answers", results.counted(result.statuses)),
        ("dropped", str(result.dropped)),
        ("slowest", f"{result.slowest:.2f} s"),
        ("resident memory, last minute", f"{results.mib(result.rss[-1])} MiB"),
        ("its growth", results.grown(result.growth)),
        ("moves of the pointer", f"{len(last)}, all callers served within {max(last):.1f} s"),
    ]
    return results.under(results.table(("soak", "result"), rows), result)


def section() -> str:
    """The saved result as Markdown, for docs/operations.md."""
    return table(results.read("soak", Soaked))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs it; 1 if memory grew, or may have, or an answer was unexpected."""
    parser = results.parser("soak", __doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    options = parser.parse_args(argv)
    with apart() as cpu, tempfile.TemporaryDirectory() as place, serving() as url:
        second = Path(place) / "second"
        shutil.copytree(EMBEDDED, second)
        other = write_manifest(second)
        bucket = client(url).create_bucket(BUCKET)
        publish(bucket, load(second), promote_it=False)
        publish(bucket, load(EMBEDDED), promote_it=True)
        environ = {
            "MODEL_URI": f"gs://{BUCKET}",
            "STORAGE_EMULATOR_HOST": url,
            "MODEL_REFRESH_SECONDS": str(REFRESH_SECONDS),
        }
        source = Source("tinycopy", serving_python(), environ=environ)
        with started(source, cpu) as server:
            _, first = server.first_answer({"type": "slogan", "product": "Acme Shoe"})
            result = soak(server, bucket, first["model"]["digest"], other, options.minutes)
    return results.finish("soak", result, options.out, table(result), result.failures)


if __name__ == "__main__":
    raise SystemExit(main())
