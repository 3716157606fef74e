"""What a run of the peers found, as JSON, tables and a plot."""

import msgspec
from matplotlib.figure import Figure

from benchmarks import results
from benchmarks.results import mib, middle, ms, times
from benchmarks.stats import Ratio, Spread

FUNCTION_SIDE = "Tinycopy, the whole function"


class Side(msgspec.Struct, frozen=True):
    """One side. Seconds: cold start, one copy warm, eight candidates warm. Bytes: memory, disk.

    The ratios are to the whole function, in the same rounds. versions: of the libraries that it
    was chosen for, as its own environment has them.
    """

    cold: Spread
    one: Spread
    many: Spread
    rss: Spread
    pss: Spread
    installed: int
    model: int
    versions: dict[str, str]
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
    versions: dict[str, str]
    ratio: Ratio


class Peers(results.Result, frozen=True):
    """All sides and ways by name; what of them was not measured, with why. tokens: of a copy."""

    tokens: int
    sides: dict[str, Side]
    missing: dict[str, str]
    ways: dict[str, Way]
    missing_ways: dict[str, str]


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
    rows: list[tuple[str, ...]] = [
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
    rows += [_unmeasured(name, header) for name in peers.missing]
    ours, way = peers.sides[FUNCTION_SIDE], next(iter(peers.ways.values()))
    counts = f"{ours.cold.count} rounds of the sides, {way.seconds.count} of the ways to read."
    missing = peers.missing | peers.missing_ways
    notes = "".join(f"\n- Not measured: {name}: {why}." for name, why in missing.items())
    told = f"{results.table(header, rows)}\n\n{_ways_table(peers)}\n\n{counts} {_versions(peers)}"
    return results.under(f"{told}\n{notes}" if notes else told, peers)


def _ways_table(peers: Peers) -> str:
    header = ("reading a release", "ms", "CPU ms", "times ours", "peak RSS, MiB", "installed, MB")
    rows: list[tuple[str, ...]] = [
        (
            name,
            middle(way.seconds),
            ms(way.cpu.median),
            times(way.ratio),
            mib(way.peak.median),
            f"{way.installed / 1e6:,.1f}",
        )
        for name, way in peers.ways.items()
    ]
    rows += [_unmeasured(name, header) for name in peers.missing_ways]
    return results.table(header, rows)


def _unmeasured(name: str, header: tuple[str, ...]) -> tuple[str, ...]:
    """The row of what was not measured."""
    return (name, "not measured", *("" for _ in header[2:]))


def _versions(peers: Peers) -> str:
    """The libraries of all environments, once each."""
    found: dict[str, str] = {}
    for side in peers.sides.values():
        found |= side.versions
    for way in peers.ways.values():
        found |= way.versions
    return f"{', '.join(f'{name} {version}' for name, version in sorted(found.items()))}."


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
