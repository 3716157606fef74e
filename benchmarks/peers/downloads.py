"""Ways to read a release from a bucket, each in a fresh process: ours and two client libraries."""

import subprocess
from pathlib import Path

import msgspec

from benchmarks.buckets import published
from benchmarks.peers.environments import (
    MissingPeerError,
    environment,
    installed_in,
    versions_in,
)
from benchmarks.peers.result import Way
from benchmarks.served import FUNCTION, serving_python
from benchmarks.stats import ratio, spread

OURS = "http.client (function/tinycopy/bucket.py)"
READER = Path(__file__).with_name("reader.py")


class _Read(msgspec.Struct):
    """seconds, cpu: from the first line to the last byte, imports included. peak: bytes of RSS."""

    seconds: float
    cpu: float
    peak: int
    bytes: int


def measure(rounds: int, release: Path, cpu: int) -> tuple[dict[str, Way], dict[str, str]]:
    """Each way `rounds` times in turn; and the ways that could not be measured, with why."""
    pythons, missing = {OURS: serving_python()}, {}
    for name in ("obstore", "google-cloud-storage"):
        try:
            pythons[name] = environment(name)
        except MissingPeerError as error:
            missing[name] = str(error)
    found: dict[str, list[_Read]] = {name: [] for name in pythons}
    with published(release, 0) as bucket:
        for _ in range(rounds):
            for name, python in pythons.items():
                found[name].append(_read(name, python, bucket.near, cpu))
    ours = [one.seconds for one in found[OURS]]
    ways = {
        name: Way(
            seconds=spread([one.seconds for one in reads]),
            cpu=spread([one.cpu for one in reads]),
            peak=spread([one.peak for one in reads]),
            installed=0 if name == OURS else installed_in(pythons[name]),
            versions={} if name == OURS else versions_in(pythons[name]),
            ratio=ratio([one.seconds for one in reads], ours),
        )
        for name, reads in found.items()
    }
    return ways, missing


def _read(name: str, python: Path, environ: dict[str, str], cpu: int) -> _Read:
    way = "ours" if name == OURS else name
    command = ["taskset", "-c", str(cpu), str(python), str(READER), way]
    own = environ | {"PYTHONPATH": str(FUNCTION)}
    done = subprocess.run(command, env=own, capture_output=True, check=True)
    return msgspec.json.decode(done.stdout, type=_Read)
