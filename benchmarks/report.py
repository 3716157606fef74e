"""What docs/performance.md and README say of speed, from the saved results alone."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import cold, cost, memory, warm
from benchmarks.peers import result as peers
from benchmarks.results import read, table
from deploy.cost import GIB, VCPUS

TORCH = "student, transformers + torch"
BARE = "bare"
"""In the name of a side that is the function's own engine and so no peer."""


@dataclass(frozen=True)
class Target:
    """One line of what serving is to reach; `more` where more is better.

    value: measured, in `unit`; None where it was not.
    """

    name: str
    floor: float
    aim: float
    unit: str
    value: float | None
    command: str
    more: bool = False

    @property
    def verdict(self) -> str:
        """Whether the aim, the floor or neither is met."""
        if self.value is None:
            return "not measured"
        sign = -1 if self.more else 1
        for bound, told in ((self.aim, "aim met"), (self.floor, "floor met")):
            if sign * self.value <= sign * bound:
                return told
        return "missed"

    def shown(self, value: float | None) -> str:
        """A value with its unit."""
        if value is None:
            return ""
        number = f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"
        return f"${number}" if self.unit == "$" else f"{number} {self.unit}"


def section(name: str) -> Callable[[], str]:
    """What writes the tables of one benchmark from its saved JSON."""
    sections: dict[str, Callable[[], str]] = {
        "cold": lambda: cold.tables(read("cold", cold.Cold)),
        "warm": lambda: warm.tables(read("warm", warm.Warm)),
        "memory": lambda: memory.tables(read("memory", memory.Usage)),
        "cost": lambda: cost.tables(read("cost", cost.Costs)),
        "peers": lambda: peers.tables(read("peers", peers.Peers)),
    }
    return sections[name]


def targets() -> tuple[Target, ...]:
    """All targets beside what was measured."""
    started, served = read("cold", cold.Cold), read("warm", warm.Warm)
    held, paid = read("memory", memory.Usage), read("cost", cost.Costs)
    cases = {(it.concurrency, it.variants): it for it in served.cases}
    busy = cases[8, 1]
    shape = next(it for it in paid.rows if (it.vcpus, it.gib) == (VCPUS, GIB))
    return (
        Target("cold, embedded, p50", 600, 300, "ms", 1000 * started.starts["embedded"].median,
               "cold"),
        Target("cold, bucket at 0 ms, p50", 600, 300, "ms", 1000 * started.starts["near"].median,
               "cold"),
        *_against_peers(read("peers", peers.Peers)),
        Target("peak RSS of all processes, 8 at once", 150, 100, "MiB",
               held.stages["peak"].rss / 2**20, "memory"),
        Target("warm p50, 40 tokens, 1 variant", 30, 15, "ms",
               1000 * cases[1, 1].per_copy.median, "warm"),
        Target("warm p50, 40 tokens, 3 variants", 45, 20, "ms",
               1000 * cases[1, 3].per_copy.median, "warm"),
        Target("p99 / p50, 8 at once", 4, 2.5, "times", busy.request.p99 / busy.request.median,
               "warm"),
        Target("throughput on one CPU", 1500, 4000, "tokens/s",
               max(it.written for it in served.cases), "warm", more=True),
        Target("serving dependencies installed", 260, 150, "MB",
               sum(held.installed.values()) / 1e6, "memory"),
        Target("a million copies, saturated", 3, 1, "$", shape.saturated, "cost"),
        Target("a million copies, one at a time", 3, 1, "$", shape.alone, "cost"),
    )  # fmt: skip


def _against_peers(found: peers.Peers) -> tuple[Target, ...]:
    others = [
        side
        for name, side in found.sides.items()
        if name != peers.FUNCTION_SIDE and BARE not in name
    ]
    torch = found.sides.get(TORCH)
    least = {
        "cold start": [side.cold_ratio.value for side in others],
        "RSS": [side.rss_ratio.value for side in others],
        "p50 of eight candidates": [side.many_ratio.value for side in others],
    }
    return (
        Target("cold against transformers + torch", 10, 20, "times faster",
               torch.cold_ratio.value if torch else None, "peers", more=True),
        *(
            Target(f"against the best peer: {what}", 1, 3, "times better",
                   min(values, default=None), "peers", more=True)
            for what, values in least.items()
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
                it.shown(it.value),
                it.verdict,
                f"`benchmarks.{it.command}`",
            )
            for it in targets()
        ],
    )


def figures_table() -> str:
    """The targets that README shows: what was measured, and by which command."""
    machines = (
        read("cold", cold.Cold).machine,
        read("warm", warm.Warm).machine,
        read("memory", memory.Usage).machine,
        read("peers", peers.Peers).machine,
    )
    busy = any(one.is_busy for one in machines)
    rows = [
        (it.name, it.shown(it.value), f"`python -m benchmarks.{it.command}`")
        for it in targets()
        if it.value is not None
    ]
    note = "\n\nProvisional: measured while the machine was busy." if busy else ""
    return table(("what", "measured", "by"), rows) + note
