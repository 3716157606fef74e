"""Limits on a function's memory: the kernel's where this process may set one, else a watch.

The kernel's is `memory.max` of a cgroup v2 made for one function, as on the platform: it counts
what the kernel holds for the function too, and drops pages of files before it kills. The watch is
benchmarks.served.Watch, which polls what the processes hold. Not here: limits of cgroup v1.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.served import Server, Source, Watch, started

ROOT = Path("/sys/fs/cgroup")
KERNEL, WATCH = "memory.max of a cgroup v2", "a watch on PSS"


@contextlib.contextmanager
def limited(
    source: Source, cpu: int, size: int, parent: Path | None
) -> Iterator[tuple[Server, Callable[[], bool]]]:
    """Runs the function within `size` bytes; yields it and what tells whether it was killed.

    parent: the cgroup to make its own in, as `parent_cgroup` finds it; None: a watch kills.
    """
    if parent is None:
        with started(source, cpu) as server, Watch(server, limit=size) as watch:
            yield server, lambda: watch.killed
    else:
        with _cgroup(parent, size) as own:
            # The shell enters before the function is there, so that all it takes is counted.
            enter = ("sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(own))
            with started(source, cpu, within=enter) as server:
                yield server, lambda: kills(own) > 0


def parent_cgroup(root: Path = ROOT, membership: Path = Path("/proc/self/cgroup")) -> Path | None:
    """A cgroup v2 below `root` in which this process may limit the memory of others, or None."""
    lines = membership.read_text().splitlines()
    for line in lines:
        if line.startswith("0::/"):
            own = root / line.removeprefix("0::/")
            return next((place for place in (own, own.parent) if _limits_memory(place)), None)
    return None


def kills(cgroup: Path) -> int:
    """Processes that the kernel killed in a cgroup because its memory was used up."""
    events = dict(line.split() for line in (cgroup / "memory.events").read_text().splitlines())
    return int(events["oom_kill"])


def _limits_memory(place: Path) -> bool:
    try:
        controllers = (place / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    return "memory" in controllers and os.access(place, os.W_OK)


@contextlib.contextmanager
def _cgroup(parent: Path, size: int) -> Iterator[Path]:
    """A cgroup of `size` bytes, killed as one, without swap where the kernel counts it."""
    own = parent / f"tinycopy-{os.getpid()}"
    own.mkdir()
    try:
        (own / "memory.max").write_text(str(size))
        (own / "memory.oom.group").write_text("1")
        with contextlib.suppress(OSError):
            (own / "memory.swap.max").write_text("0")
        yield own
    finally:
        own.rmdir()
