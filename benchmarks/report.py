"""What docs/performance.md and README say of speed, from the saved results alone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import cold, cost, memory, warm
from benchmarks.peers import result as peers
from benchmarks.results import RESULTS, of_release, read, table
from benchmarks.stats import Ratio, Spread
from deploy.cost import GIB, VCPUS

TORCH = "student, transformers + torch"
BARE = "bare"
"""In the name of a side that is the function's own engine and so no peer."""
MILLISECONDS = 1000.0


@dataclass(frozen=True)
class Value:
    """What was measured; between: the middle half of a sample, or a ratio's 95 % interval."""

    middle: float
    between: tuple[float, float] | None = None


@dataclass(frozen=True)
class Target:
    """One line of what serving is to reach; `more` where more is better.

    value: measured, in `unit`; None where it was not.
    """

    name: str
    floor: float
    aim: float
    unit: str
    value: Value | None
    command: str
    more: bool = False

    @property
    def verdict(self) -> str:
        """Whether the aim, the floor or neither is met."""
        if self.value is None:
            return "not measured"
        sign = -1 if self.more else 1
        for bound, told in ((self.aim, "aim met"), (self.floor, "floor met")):
            if sign * self.value.middle <= sign * bound:
                return told
        return "missed"

    def shown(self, number: float) -> str:
        """A number with the unit."""
        return f"${_short(number)}" if self.unit == "$" else f"{_short(number)} {self.unit}"

    @property
    def measured(self) -> str:
        """The value with its unit and what it lies between; empty where it was not measured."""
        if self.value is None:
            return ""
        if self.value.between is None:
            return self.shown(self.value.middle)
        low, high = map(_short, self.value.between)
        return f"{self.shown(self.value.middle)} ({low}-{high})"


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:,.3g}"


def _of(values: Spread, scale: float) -> Value:
    return Value(scale * values.median, (scale * values.p25, scale * values.p75))


def _times(values: Ratio) -> Value:
    return Value(values.value, (values.low, values.high))


def section(name: str) -> Callable[[], str]:
    """What writes the tables of one benchmark from its saved JSON.

    That of cost raises ValueError if it is not of the saved runs of warm and memory.
    """
    sections: dict[str, Callable[[], str]] = {
        "cold": lambda: cold.tables(read("cold", cold.Cold)),
        "warm": lambda: warm.tables(read("warm", warm.Warm)),
        "memory": lambda: memory.tables(read("memory", memory.Usage)),
        "cost": lambda: cost.tables(cost.saved()),
        "peers": lambda: peers.tables(read("peers", peers.Peers)),
    }
    return sections[name]


def targets(directory: Path = RESULTS) -> tuple[Target, ...]:
    """All targets beside what was measured. Raises ValueError as `cost.saved` does."""
    started = read("cold", cold.Cold, directory)
    held, paid = read("memory", memory.Usage, directory), cost.saved(directory)
    shape = next(it for it in paid.rows if (it.vcpus, it.gib) == (VCPUS, GIB))
    return (
        *(
            Target(f"cold, {told}, p50", 600, 300, "ms", _of(started.starts[side], MILLISECONDS),
                   "cold")
            for side, told in (("embedded", "embedded"), ("near", "bucket at 0 ms"))
        ),
        *_against_peers(read("peers", peers.Peers, directory)),
        Target("peak RSS of all processes, 8 at once", 150, 100, "MiB",
               _of(held.stages["peak"].rss, 2**-20), "memory"),
        *_warm(read("warm", warm.Warm, directory)),
        Target("serving dependencies installed", 260, 150, "MB",
               Value(sum(held.installed.values()) / 1e6), "memory"),
        Target("a million copies, saturated", 3, 1, "$", Value(shape.saturated), "cost"),
        Target("a million copies, one at a time", 3, 1, "$", Value(shape.alone), "cost"),
    )  # fmt: skip


def _warm(served: warm.Warm) -> tuple[Target, ...]:
    one, three = (served.case(warm.FORTY, 1, variants) for variants in (1, 3))
    busy = [it for it in served.cases if it.concurrency == warm.CALLERS]
    return (
        Target(f"warm p50, copy of {one.tokens:.0f} tokens, 1 variant", 30, 15, "ms",
               _of(one.request, MILLISECONDS), "warm"),
        Target(f"warm p50, copy of {three.tokens:.0f} tokens, 3 variants", 45, 20, "ms",
               _of(three.request, MILLISECONDS), "warm"),
        Target(f"p99 / p50, closed loop of {warm.CALLERS}, the worst case", 4, 2.5, "times",
               Value(max(it.request.p99 / it.request.median for it in busy)), "warm"),
        Target("throughput on one CPU, the best case", 1500, 4000, "tokens/s",
               Value(max(it.written for it in served.cases)), "warm", more=True),
    )  # fmt: skip


def _against_peers(found: peers.Peers) -> tuple[Target, ...]:
    others = [
        side
        for name, side in found.sides.items()
        if name != peers.FUNCTION_SIDE and BARE not in name
    ]
    wanted = len(others) + sum(BARE not in name for name in found.missing)
    torch = found.sides.get(TORCH)
    ratios = {
        "cold start": [side.cold_ratio for side in others],
        "RSS": [side.rss_ratio for side in others],
        "p50 of eight candidates": [side.many_ratio for side in others],
    }
    return (
        Target("cold against transformers + torch", 10, 20, "times faster",
               _times(torch.cold_ratio) if torch else None, "peers", more=True),
        *(
            Target(f"against the best of {len(others)} peers measured of {wanted}: {what}", 1, 3,
                   "times better",
                   _times(min(values, key=lambda one: one.value)) if values else None,
                   "peers", more=True)
            for what, values in ratios.items()
        ),
    )  # fmt: skip


def targets_table() -> str:
    """The targets as Markdown."""
    return table(
        ("target", "floor", "aim", "measured", "", "by"),
        [
            (
                it.name,
                it.shown(it.floor),
                it.shown(it.aim),
                it.measured,
                it.verdict,
                f"`benchmarks.{it.command}`",
            )
            for it in targets()
        ],
    )


def figures_table() -> str:
    """The targets that README shows: what was measured, and by which command."""
    runs = (
        read("cold", cold.Cold),
        read("warm", warm.Warm),
        read("memory", memory.Usage),
        read("peers", peers.Peers),
    )
    rows = [
        (it.name, it.measured, f"`python -m benchmarks.{it.command}`")
        for it in targets()
        if it.value is not None
    ]
    busy = any(one.machine.is_busy for one in runs)
    note = "Provisional: measured while the machine was busy. " if busy else ""
    release = of_release(*(one.release for one in runs))
    return f"{table(('what', 'measured', 'by'), rows)}\n\n{note}{release}."
