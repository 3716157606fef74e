"""Cold starts: from the spawn of a process to its first generated HTTP response, on one CPU.

The function runs in functions-framework with only its own packages installed, and reads the
release embedded in it, from a bucket on this machine, and from the same bucket with 30 ms added to
each round trip. The sides take turns. More starts, with marks of time in the function, tell where
the time goes.
"""

import itertools
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from tqdm import tqdm

from benchmarks import results
from benchmarks.buckets import published
from benchmarks.machine import machine
from benchmarks.results import middle, ms, times
from benchmarks.served import (
    EMBEDDED,
    EXAMPLE,
    FUNCTION,
    ROOT,
    Source,
    apart,
    serving_python,
    started,
)
from benchmarks.stats import Ratio, Spread, ratio, spread

PROBE = Path(__file__).with_name("probe")
STAGES = {
    "interpreter": "Python itself",
    "framework": "functions-framework, Flask, gunicorn",
    "libraries": "ctranslate2, sentencepiece",
    "function": "the function's own modules",
    "worker": "gunicorn forks the worker",
    "fetch": "reading the release",
    "verify": "sha256 of every file",
    "load": "the model in memory",
    "generate": "first copy written",
    "rest": "HTTP, threads, waiting",
}
"""What a cold start consists of, in order."""
SIDES = {"embedded": "embedded", "near": "bucket, 0 ms", "far": "bucket, 30 ms"}
FAR_SECONDS = 0.03


class Cold(results.Result, frozen=True):
    """Seconds of cold starts by side, of stages by side, and ratios to the embedded side.

    total: of the starts with marks, whose stages add up to it.
    """

    starts: dict[str, Spread]
    ratios: dict[str, Ratio]
    stages: dict[str, dict[str, Spread]]
    total: dict[str, Spread]


def stages(marks: str, spawned: float, seconds: float) -> dict[str, float]:
    """Seconds of each of STAGES, out of the marks of one start.

    spawned: the clock before the spawn. seconds: from there to the answer.
    """
    at: dict[str, float] = {"spawned": spawned}
    lasted: dict[str, float] = {}
    for line in marks.splitlines():
        name, nanoseconds = line.split()
        if name in ("verify", "read", "load", "generate"):
            lasted[name] = lasted.get(name, 0.0) + int(nanoseconds) / 1e9
        else:
            at.setdefault(name, int(nanoseconds) / 1e9)
    order = ["spawned", "interpreter", "framework", "libraries", "function", "worker"]
    found = {name: at[name] - at[before] for before, name in itertools.pairwise(order)}
    found["fetch"] = lasted["read"] - lasted["verify"]
    found |= {name: lasted[name] for name in ("verify", "load", "generate")}
    return found | {"rest": seconds - sum(found.values())}


def measure(spawns: int, marked: int) -> Cold:
    """`spawns` starts of each side in turn, then `marked` ones of each with marks."""
    here, python = machine(ROOT), serving_python()
    with (
        apart() as cpu,
        published(EMBEDDED, FAR_SECONDS) as bucket,
        tempfile.TemporaryDirectory() as scratch,
    ):
        environs = {"embedded": {}, "near": bucket.near, "far": bucket.far}
        sources = {n: Source(n, python, environ=e) for n, e in environs.items()}
        seconds: dict[str, list[float]] = {name: [] for name in sources}
        for _ in tqdm(range(spawns), "cold starts", disable=None):
            for name, source in sources.items():
                took, _, served = _start(source, cpu)
                seconds[name].append(took)
        parts: dict[str, list[dict[str, float]]] = {name: [] for name in sources}
        for turn in tqdm(range(marked), "marked starts", disable=None):
            for name, source in sources.items():
                file = Path(scratch) / f"{name}-{turn}"
                parts[name].append(_marked_start(source, cpu, file))
    return Cold(
        machine=here,
        release=served,
        starts={name: spread(values) for name, values in seconds.items()},
        ratios={n: ratio(v, seconds["embedded"]) for n, v in seconds.items() if n != "embedded"},
        stages={
            name: {stage: spread([one[stage] for one in found]) for stage in STAGES}
            for name, found in parts.items()
        },
        total={n: spread([sum(one.values()) for one in found]) for n, found in parts.items()},
    )


def _start(source: Source, cpu: int) -> tuple[float, float, str]:
    """Seconds to the first answer, the clock at the spawn, and the digest that answered.

    Raises RuntimeError if another release than the asked one answered.
    """
    with started(source, cpu) as server:
        seconds, answer = server.first_answer(EXAMPLE)
    model = answer["model"]
    if model["source"] != ("bucket" if "MODEL_URI" in source.environ else "embedded"):
        raise RuntimeError(f"{source.name}: the {model['source']} release answered")
    return seconds, server.spawned, model["digest"]


def _marked_start(source: Source, cpu: int, file: Path) -> dict[str, float]:
    probe = {
        "MARKS": str(file),
        "FUNCTION": str(FUNCTION),
        "PYTHONPATH": f"{PROBE}:{FUNCTION}",
    }
    marked = replace(source, directory=PROBE, environ={**source.environ, **probe})
    seconds, spawned, _ = _start(marked, cpu)
    return stages(file.read_text(), spawned, seconds)


def tables(cold: Cold) -> str:
    """The result as Markdown."""
    rows = [
        (
            SIDES[name],
            str(found.count),
            middle(found),
            ms(found.p95),
            times(cold.ratios[name]) if name in cold.ratios else "1",
        )
        for name, found in cold.starts.items()
    ]
    starts = results.table(
        ("release from", "starts", "median, ms (middle half)", "p95, ms", "times embedded"), rows
    )
    parts = [
        (what, *(middle(found[stage]) for found in cold.stages.values()))
        for stage, what in STAGES.items()
    ]
    parts.append(("all of it", *(middle(found) for found in cold.total.values())))
    marked = next(iter(cold.total.values())).count
    header = f"ms of a start, median of {marked} (middle half)"
    breakdown = results.table((header, *(SIDES[side] for side in cold.stages)), parts)
    return results.under(f"{starts}\n\n{breakdown}", cold)


def plot(cold: Cold) -> Figure:
    """One bar for each side, its stages in colours."""
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.add_subplot()
    colours = mpl.colormaps["tab10"].colors  # type: ignore[attr-defined]
    left: Mapping[str, float] = dict.fromkeys(cold.stages, 0.0)
    names = [SIDES[side] for side in cold.stages]
    for colour, (stage, what) in zip(colours, STAGES.items(), strict=True):
        widths = [1000 * found[stage].median for found in cold.stages.values()]
        axes.barh(names, widths, left=list(left.values()), color=colour, label=what)
        left = dict(
            zip(left, (a + b for a, b in zip(left.values(), widths, strict=True)), strict=True)
        )
    axes.invert_yaxis()
    axes.set_xlabel("ms from spawn to the first answer (medians of each stage)")
    figure.legend(loc="outside lower center", ncols=3, fontsize="small")
    return figure


def main(argv: Sequence[str] | None = None) -> None:
    """Measures, prints the tables, saves cold.json and cold.png."""
    parser = results.parser("cold", __doc__)
    parser.add_argument("--spawns", type=int, default=30, help="cold starts of each side")
    parser.add_argument("--marked", type=int, default=10, help="starts with marks, of each side")
    given: Any = parser.parse_args(argv)
    cold = measure(given.spawns, given.marked)
    results.save("cold", cold, given.out)
    plot(cold).savefig(given.out / "cold.png", dpi=120)
    print(tables(cold))


if __name__ == "__main__":
    main()
