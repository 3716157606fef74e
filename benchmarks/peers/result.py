"""What a run of the peers found, as JSON, tables and a plot."""

import msgspec
from matplotlib.figure import Figure

from benchmarks import results
from benchmarks.machine import Machine
from benchmarks.results import mib, middle, ms, times
from benchmarks.stats import Ratio, Spread

FUNCTION_SIDE = "Tinycopy, the whole function"


class Side(msgspec.Struct, frozen=True):
    """One side. Seconds: cold start, one copy warm, eight candidates warm. Bytes: memory, disk.

    The ratios are to the whole function, in the same rounds.
    """

    cold: Spread
    one: Spread
    many: Spread
    rss: Spread
    pss: Spread
    installed: int
    model: int
    cold_ratio: Ratio
    one_ratio: Ratio
    many_ratio: Ratio
    rss_ratio: Ratio


class Way(msgspec.Struct, frozen=True):
    """One way to read a release in a fresh process: seconds with its imports, CPU seconds, bytes.

    ratio: of seconds, to the function's own way.
    """

    seconds: Spread
    cpu: Spread
    peak: Spread
    installed: int
    ratio: Ratio


class Peers(msgspec.Struct, frozen=True):
    """All sides by name; what could not be measured, with why. tokens: of a copy."""

    machine: Machine
    tokens: int
    sides: dict[str, Side]
    ways: dict[str, Way]
    missing: dict[str, str]


def tables(peers: Peers) -> str:
    """The result as Markdown."""
    header = (
        "",
        "cold start, ms",
        "times ours",
        f"one copy of {peers.tokens} tokens, ms",
        "eight candidates, ms",
        "times ours",
        "RSS, MiB",
        "times ours",
        "installed, MB",
        "model, MB",
    )
    rows = [
        (
            name,
            middle(side.cold),
            times(side.cold_ratio),
            ms(side.one.median),
            ms(side.many.median),
            times(side.many_ratio),
            mib(side.rss.median),
            times(side.rss_ratio),
            f"{side.installed / 1e6:,.0f}",
            f"{side.model / 1e6:,.1f}",
        )
        for name, side in peers.sides.items()
    ]
    ways = results.table(
        ("reading a release", "ms", "CPU ms", "times ours", "peak RSS, MiB", "installed, MB"),
        [
            (
                name,
                middle(way.seconds),
                ms(way.cpu.median),
                times(way.ratio),
                mib(way.peak.median),
                f"{way.installed / 1e6:,.1f}",
            )
            for name, way in peers.ways.items()
        ],
    )
    missing = "".join(f"\n- Not measured: {name}: {why}" for name, why in peers.missing.items())
    told = f"{results.table(header, rows)}\n\n{ways}" + (f"\n{missing}" if missing else "")
    return results.under(told, peers.machine)


def plot(peers: Peers) -> Figure:
    """Cold start, warm latency and memory of each side, on logarithmic axes."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    names = list(peers.sides)
    panels = (
        ("cold start, ms", [1000 * side.cold.median for side in peers.sides.values()]),
        ("eight candidates, ms", [1000 * side.many.median for side in peers.sides.values()]),
        ("RSS, MiB", [side.rss.median / 2**20 for side in peers.sides.values()]),
    )
    for place, (title, values) in enumerate(panels, 1):
        axes = figure.add_subplot(1, len(panels), place)
        axes.barh(names, values, color=["tab:orange", *["tab:blue"] * (len(names) - 1)])
        axes.invert_yaxis()
        axes.set(title=title, xscale="log")
        if place > 1:
            axes.set_yticklabels([])
    return figure
