"""Memory of a function on one CPU, all processes: at each stage of its life, and what it needs.

Counted are resident pages: RSS, where a page that two processes share counts twice, and PSS, where
it counts once, as a platform counts. For the smallest setting that survives, a watch kills the
function as soon as its PSS passes the setting; file pages that a kernel under pressure could drop
count too, so a real limit may be survived with less.
"""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from matplotlib.figure import Figure

from benchmarks import results
from benchmarks.load import closed_loop, examples
from benchmarks.machine import Machine, machine
from benchmarks.results import mib
from benchmarks.served import (
    MIB,
    POLL_SECONDS,
    ROOT,
    Server,
    Source,
    Watch,
    cpus,
    installed_bytes,
    serving_python,
    started,
)

SETTINGS = (96, 112, 128, 144, 160, 192, 256, 512)
"""Instance memory that is tried, in MiB."""
CONCURRENCY = 8
STAGES = {
    "loaded": "after the load",
    "first": "after the first request",
    "peak": f"peak, {CONCURRENCY} at once",
    "many": "after all requests",
}


class Held(msgspec.Struct, frozen=True):
    """Bytes of all processes."""

    rss: int
    pss: int


class Usage(msgspec.Struct, frozen=True):
    """Memory by stage; whether each setting (MiB) survived; bytes of what is installed."""

    machine: Machine
    release: str
    requests: int
    stages: dict[str, Held]
    survived: dict[int, bool]
    installed: dict[str, int]


def measure(requests: int, settings: Sequence[int]) -> Usage:
    """One function asked `requests` times, then one for each setting until one is killed."""
    here = machine(ROOT)
    python, (cpu, _) = serving_python(), cpus()
    source = Source("function", python)
    stages: dict[str, Held] = {}
    with started(source, cpu) as server:
        bodies = examples(server)
        _wait_until_loaded(server)
        stages["loaded"] = _held(server)
        release = server.ask(bodies[0])["model"]["digest"]
        stages["first"] = _held(server)
        with Watch(server) as watch:
            closed_loop(server, [body | {"variants": 5} for body in bodies], CONCURRENCY, 40)
        stages["peak"] = Held(watch.peak.rss, watch.peak.pss)
        # The shortest brief, so that many requests take minutes, not hours.
        slogan = [body for body in bodies if body["type"] == "slogan"]
        closed_loop(server, slogan, CONCURRENCY, requests)
        stages["many"] = _held(server)
    survived = {}
    for setting in sorted(settings, reverse=True):
        survived[setting] = _survives(source, cpu, setting)
        if not survived[setting]:
            break
    site = next((python.parent.parent / "lib").glob("python*/site-packages"))
    return Usage(here, release, requests, stages, survived, installed_bytes(site))


def _held(server: Server) -> Held:
    now = server.memory()
    return Held(now.rss, now.pss)


def _wait_until_loaded(server: Server) -> None:
    """Returns once a request would be answered, without writing any copy."""
    while server.get("/info")["release"] is None:
        time.sleep(POLL_SECONDS)


def _survives(source: Source, cpu: int, setting: int) -> bool:
    """Whether the function starts and serves eight at once within `setting` MiB."""
    with started(source, cpu) as server, Watch(server, limit=setting * MIB) as watch:
        try:
            bodies = [body | {"variants": 5} for body in examples(server)]
            closed_loop(server, bodies, CONCURRENCY, 40)
        except (RuntimeError, OSError):
            if not watch.killed:
                raise
    return not watch.killed


def tables(usage: Usage) -> str:
    """The result as Markdown."""
    first = usage.stages["first"]
    named = STAGES | {"many": f"after {usage.requests:,} requests"}
    rows = [
        (named[name], mib(held.rss), mib(held.pss), f"{held.rss / first.rss:.2f}")
        for name, held in usage.stages.items()
    ]
    stages = results.table(("", "RSS, MiB", "PSS, MiB", "RSS, times first request"), rows)
    settings = results.table(
        ("instance memory, MiB", f"serves {CONCURRENCY} at once"),
        [(str(s), "yes" if lived else "killed") for s, lived in sorted(usage.survived.items())],
    )
    largest = sorted(usage.installed.items(), key=lambda item: -item[1])
    total = sum(usage.installed.values())
    shown = [*largest[:8], ("all", total)]
    installed = results.table(("installed", "MiB"), [(n, f"{b / MIB:,.1f}") for n, b in shown])
    return results.under(f"{stages}\n\n{settings}\n\n{installed}", usage.machine)


def plot(usage: Usage) -> Figure:
    """RSS and PSS by stage."""
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.add_subplot()
    places = range(len(usage.stages))
    axes.bar([p - 0.2 for p in places], [h.rss / MIB for h in usage.stages.values()], 0.4)
    axes.bar([p + 0.2 for p in places], [h.pss / MIB for h in usage.stages.values()], 0.4)
    named = STAGES | {"many": f"after {usage.requests:,} requests"}
    axes.set_xticks(places, [named[name] for name in usage.stages])
    axes.set_ylabel("MiB, all processes")
    axes.legend(["RSS", "PSS: shared pages once"])
    return figure


def main(argv: Sequence[str] | None = None) -> None:
    """Measures, prints the tables, saves memory.json and memory.png."""
    parser = results.parser("memory", __doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument(
        "--settings", type=int, nargs="+", default=SETTINGS, help="instance memory to try, MiB"
    )
    given: Any = parser.parse_args(argv)
    usage = measure(given.requests, given.settings)
    results.save("memory", usage, given.out)
    plot(usage).savefig(given.out / "memory.png", dpi=120)
    print(tables(usage))


if __name__ == "__main__":
    main()
