"""What serving takes, from the results that the benchmarks leave: starts, memory, speed, cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from finetune.stage import StageError, read_output

_BUSY = 0.5
"""Load before a benchmark above which its times are not to be trusted."""

_Result = TypeVar("_Result", bound=msgspec.Struct)


class Machine(msgspec.Struct, frozen=True):
    """Where and when a benchmark ran. load: CPUs in use before it began."""

    cpu: str
    cpus: int
    load: float
    measured_at: str


class Sample(msgspec.Struct, frozen=True):
    """How often something was measured, the median and the 95th percentile, in its own unit."""

    count: int
    median: float
    p95: float


class Cold(msgspec.Struct, frozen=True):
    """Seconds from a start to the first copy, by where the release comes from."""

    machine: Machine
    release: str
    starts: dict[str, Sample]


class Case(msgspec.Struct, frozen=True):
    """Requests for briefs of one kind, of so many variants, so many at once. request: seconds."""

    briefs: str
    concurrency: int
    variants: int
    request: Sample


class Warm(msgspec.Struct, frozen=True):
    """Seconds of requests to a function that has started."""

    machine: Machine
    release: str
    cases: tuple[Case, ...]


class Held(msgspec.Struct, frozen=True):
    """Bytes of resident memory of all processes."""

    rss: Sample


class Memory(msgspec.Struct, frozen=True):
    """Memory by stage."""

    machine: Machine
    release: str
    stages: dict[str, Held]


class Shape(msgspec.Struct, frozen=True):
    """Dollars for a million copies on an instance: one at a time, or as many as its CPU takes."""

    vcpus: float
    gib: float
    fits: bool
    alone: float
    saturated: float


class Cost(msgspec.Struct, frozen=True):
    """The cost of serving on several shapes of instance."""

    machine: Machine
    release: str
    rows: tuple[Shape, ...]


class Served(msgspec.Struct, frozen=True):
    """The benchmarks' results; None for one that was not run."""

    cold: Cold | None
    warm: Warm | None
    memory: Memory | None
    cost: Cost | None

    @property
    def releases(self) -> set[str]:
        """The digests of the releases that were measured."""
        return {one.release for one in self._found}

    @property
    def measured(self) -> str:
        """When and where, in words."""
        machines = [one.machine for one in self._found]
        days = sorted({one.measured_at[:10] for one in machines})
        places = sorted({f"{one.cpus} CPUs ({one.cpu})" for one in machines})
        load = max(one.load for one in machines)
        where = f"{' and '.join(days)} on {' and '.join(places)}"
        return f"{where}, up to {load:.1f} of them in use before"

    @property
    def busy(self) -> bool:
        """Whether something else wanted a CPU while any of them ran, so that times are too long."""
        return any(one.machine.load > _BUSY for one in self._found)

    @property
    def _found(self) -> list[Cold | Warm | Memory | Cost]:
        return [one for one in (self.cold, self.warm, self.memory, self.cost) if one]


def read_served(directory: Path) -> Served:
    """Results of `make bench`. Raises StageError if the directory holds none that can be read."""
    served = Served(
        _read(directory / "cold.json", Cold),
        _read(directory / "warm.json", Warm),
        _read(directory / "memory.json", Memory),
        _read(directory / "cost.json", Cost),
    )
    if not served.releases:
        raise StageError(f"{directory}: holds no result of a benchmark; run `make bench`")
    return served


def _read(path: Path, kind: type[_Result]) -> _Result | None:
    return read_output(path, kind, "run `make bench`") if path.is_file() else None


def deployment_rows(served: Served) -> list[tuple[str, str]]:
    """What was measured of starts, requests and memory: name and figure."""
    rows = []
    if served.cold:
        for where, start in served.cold.starts.items():
            name = f"start to first copy, {where} release"
            rows.append((name, _ms(start)))
    if served.warm:
        for case in served.warm.cases:
            name = f"request, variants: {case.variants}, at once: {case.concurrency}, {case.briefs}"
            rows.append((name, _ms(case.request)))
    if served.memory:
        for stage, held in served.memory.stages.items():
            rows.append((f"memory, {stage}", f"{held.rss.median / 2**20:,.0f} MiB"))
    return rows


def _ms(seconds: Sample) -> str:
    return (
        f"{1000 * seconds.median:,.0f} ms (p95 {1000 * seconds.p95:,.0f}, "
        f"measured {seconds.count} times)"
    )


def cost_rows(served: Served) -> Sequence[tuple[str, ...]]:
    """For each shape: the instance, whether memory fits, dollars alone and saturated."""
    if served.cost is None:
        return ()
    return [
        (
            f"{shape.vcpus:.3g} vCPU, {shape.gib:g} GiB",
            "yes" if shape.fits else "no",
            f"${shape.alone:,.2f}",
            f"${shape.saturated:,.2f}",
        )
        for shape in served.cost.rows
    ]
