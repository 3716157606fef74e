"""Memory of a function on one CPU, all processes: at each stage of its life, and what it needs.

Counted are resident pages: RSS, where a page that two processes share counts twice, and PSS, where
it counts once. The smallest memory that an instance needs is sought by halves between settings, the
function loaded afresh for each. Where this process may set a limit of the kernel, that decides
(benchmarks/limits.py); elsewhere a watch kills the function as soon as its PSS passes the setting.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from matplotlib.figure import Figure

from benchmarks import results
from benchmarks.limits import KERNEL, WATCH, limited, parent_cgroup
from benchmarks.load import closed_loop, examples
from benchmarks.machine import machine
from benchmarks.results import mib, middle
from benchmarks.served import (
    EXAMPLE,
    MIB,
    POLL_SECONDS,
    ROOT,
    Memory,
    Server,
    Source,
    Watch,
    apart,
    installed_bytes,
    serving_python,
    started,
)
from benchmarks.stats import Spread, spread

SETTINGS = tuple(range(64, 513, 16))
"""Instance memory that may be tried, in MiB."""
CONCURRENCY = 8
AT_PEAK = 40
"""Requests, of five variants each, that are asked for by CONCURRENCY callers."""
STAGES = {
    "loaded": "after the load",
    "first": "after the first request",
    "peak": f"peak, {CONCURRENCY} at once",
    "many": "after all requests",
}


class Held(msgspec.Struct, frozen=True):
    """Bytes of all processes, over the starts."""

    rss: Spread
    pss: Spread


class Usage(results.Result, frozen=True):
    """Memory by stage; whether each setting (MiB) survived; bytes of what is installed.

    requests: those before the last stage, of one start. limit: what killed, KERNEL or WATCH.
    """

    requests: int
    stages: dict[str, Held]
    limit: str
    survived: dict[int, bool]
    installed: dict[str, int]

    @property
    def smallest(self) -> int | None:
        """The smallest setting that survived, in MiB; None if none did."""
        return min((setting for setting, lived in self.survived.items() if lived), default=None)


def measure(requests: int, starts: int, settings: Sequence[int]) -> Usage:
    """`starts` functions, the first asked `requests` times, then one for each setting tried."""
    here, python = machine(ROOT), serving_python()
    source = Source("function", python, at_once=CONCURRENCY)
    parent = parent_cgroup()
    held: dict[str, list[Memory]] = {stage: [] for stage in STAGES}
    with apart() as cpu:
        for turn in range(starts):
            release = _live(source, cpu, held, requests if turn == 0 else 0)
        survived = bisected(settings, lambda setting: _survives(source, cpu, setting, parent))
    site = next((python.parent.parent / "lib").glob("python*/site-packages"))
    return Usage(
        machine=here,
        release=release,
        requests=requests,
        stages={
            stage: Held(spread([one.rss for one in found]), spread([one.pss for one in found]))
            for stage, found in held.items()
        },
        limit=WATCH if parent is None else KERNEL,
        survived=survived,
        installed=installed_bytes(site),
    )


def _live(source: Source, cpu: int, held: dict[str, list[Memory]], requests: int) -> str:
    """Adds what one function holds at each stage, the last if it has `requests`; its release."""
    with started(source, cpu) as server:
        bodies = examples(server)
        _wait_until_loaded(server)
        held["loaded"].append(server.memory())
        release: str = server.ask(bodies[0])["model"]["digest"]
        held["first"].append(server.memory())
        with Watch(server) as watch:
            _ask_at_once(server, bodies)
        held["peak"].append(watch.peak)
        if requests:
            # The shortest copy, so that many requests take minutes, not hours.
            short = [body | {"length": "short"} for body in bodies if body["type"] == "slogan"]
            closed_loop(server, short, CONCURRENCY, requests)
            held["many"].append(server.memory())
    return release


def _ask_at_once(server: Server, bodies: Sequence[dict[str, Any]]) -> None:
    closed_loop(server, [body | {"variants": 5} for body in bodies], CONCURRENCY, AT_PEAK)


def _wait_until_loaded(server: Server) -> None:
    """Returns once a request would be answered, without writing any copy."""
    while server.get("/info")["release"] is None:
        time.sleep(POLL_SECONDS)


def bisected(settings: Sequence[int], survives: Callable[[int], bool]) -> dict[int, bool]:
    """Whether each setting that had to be tried survives, to find the smallest that does.

    What survives with one setting is taken to survive with any larger one.
    """
    ordered, found = sorted(settings), {}
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        found[ordered[middle]] = survives(ordered[middle])
        low, high = (low, middle) if found[ordered[middle]] else (middle + 1, high)
    return found


def _survives(source: Source, cpu: int, setting: int, parent: Path | None) -> bool:
    """Whether the function starts and serves CONCURRENCY at once within `setting` MiB."""
    with limited(source, cpu, setting * MIB, parent) as (server, killed):
        try:
            server.first_answer(EXAMPLE)
            _ask_at_once(server, examples(server))
        except (RuntimeError, OSError):
            if not killed():
                raise
        return not killed()


def tables(usage: Usage) -> str:
    """The result as Markdown."""
    first, named = usage.stages["first"].rss.median, _named(usage)
    rows = [
        (
            named[name],
            str(held.rss.count),
            middle(held.rss, mib),
            middle(held.pss, mib),
            f"{held.rss.median / first:.2f}",
        )
        for name, held in usage.stages.items()
    ]
    stages = results.table(
        (
            "",
            "starts",
            "RSS, MiB (middle half)",
            "PSS, MiB (middle half)",
            "RSS, times first request",
        ),
        rows,
    )
    settings = results.table(
        ("instance memory, MiB", f"serves {CONCURRENCY} at once"),
        [(str(s), "yes" if lived else "killed") for s, lived in sorted(usage.survived.items())],
    )
    smallest = usage.smallest or "none of these"
    told = f"Smallest that survived: {smallest} MiB. The limit was {usage.limit}."
    largest = sorted(usage.installed.items(), key=lambda item: -item[1])
    total = sum(usage.installed.values())
    shown = [*largest[:8], ("all", total)]
    installed = results.table(("installed", "MiB"), [(n, f"{b / MIB:,.1f}") for n, b in shown])
    return results.under(f"{stages}\n\n{settings}\n\n{told}\n\n{installed}", usage)


def _named(usage: Usage) -> dict[str, str]:
    return STAGES | {"many": f"after {usage.requests:,} requests"}


def plot(usage: Usage) -> Figure:
    """RSS and PSS by stage."""
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.add_subplot()
    places = range(len(usage.stages))
    axes.bar([p - 0.2 for p in places], [h.rss.median / MIB for h in usage.stages.values()], 0.4)
    axes.bar([p + 0.2 for p in places], [h.pss.median / MIB for h in usage.stages.values()], 0.4)
    axes.set_xticks(places, [_named(usage)[name] for name in usage.stages])
    axes.set_ylabel("MiB, all processes")
    axes.legend(["RSS", "PSS: shared pages once"])
    return figure


def main(argv: Sequence[str] | None = None) -> None:
    """Measures, prints the tables, saves memory.json and memory.png."""
    parser = results.parser("memory", __doc__)
    parser.add_argument(
        "--requests", type=int, default=10_000, help="of the first start, at least 1"
    )
    parser.add_argument("--starts", type=int, default=5, help="functions whose stages are measured")
    parser.add_argument(
        "--settings",
        type=int,
        nargs="+",
        default=SETTINGS,
        help="instance memory that may be tried, MiB",
    )
    given: Any = parser.parse_args(argv)
    usage = measure(given.requests, given.starts, given.settings)
    results.save("memory", usage, given.out)
    plot(usage).savefig(given.out / "memory.png", dpi=120)
    print(tables(usage))


if __name__ == "__main__":
    main()
