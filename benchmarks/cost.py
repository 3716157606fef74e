"""Dollars for a million generations, from what warm and memory measured and the published prices.

Alone on its instance a copy is billed for its time, rounded up to 100 ms; on a saturated instance
for the CPU that it takes. Free tier, network and logs are deploy/cost.py's. Prices are those of
deploy/cost.py; that of a hosted model is an example, and yours to enter.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from matplotlib.figure import Figure

from benchmarks import results
from benchmarks.memory import Usage
from benchmarks.warm import CALLERS, EXAMPLES, Warm
from deploy.cost import BILLED_STEP, GIB_SECOND, REQUEST, VCPU_SECOND

MILLION = 1_000_000
ALWAYS_VCPU_SECOND, ALWAYS_GIB_SECOND = 0.000018, 0.000002
"""Instance-based billing, tier 1: an instance that always runs, requests free."""
MONTH_SECONDS = 30 * 86400
EXAMPLE_PRICES = (0.10, 0.40)
"""Dollars for a million tokens read and written, of no model in particular."""


@dataclass(frozen=True)
class Shape:
    """An instance: its vCPUs and GiB."""

    vcpus: float
    gib: float

    @property
    def second(self) -> float:
        """Dollars for a second of it."""
        return self.vcpus * VCPU_SECOND + self.gib * GIB_SECOND

    @property
    def always(self) -> float:
        """Dollars for a month of it always on."""
        each = self.vcpus * ALWAYS_VCPU_SECOND + self.gib * ALWAYS_GIB_SECOND
        return each * MONTH_SECONDS


SHAPES = tuple(
    Shape(vcpus, gib)
    for vcpus, gib in ((1 / 12, 0.125), (1 / 6, 0.25), (1 / 3, 0.5), (1, 0.25), (1, 0.5), (2, 1))
)
"""What Cloud Functions offers small: a share of a vCPU by memory, or whole ones."""


class Row(msgspec.Struct, frozen=True):
    """Dollars for a million one-variant generations on one shape.

    fits: whether memory's peak fits. alone: one at a time. saturated: as many as the CPU takes.
    always: dollars for a month always on. pays_above: requests a month above which that is cheaper
    than requests alone, or None if so many do not fit into its month.
    """

    vcpus: float
    gib: float
    fits: bool
    seconds: float
    alone: float
    saturated: float
    always: float
    pays_above: float | None


class Hosted(msgspec.Struct, frozen=True):
    """A hosted model at prices that the user entered, in dollars for a million tokens."""

    input_price: float
    output_price: float
    million: float


class Costs(results.Result, frozen=True):
    """prompt, copy: tokens of a brief and of one returned copy.

    warm_run, memory_run: the digests of the saved results that this was computed from.
    """

    warm_run: str
    memory_run: str
    prompt: float
    copy: float
    rows: tuple[Row, ...]
    hosted: Hosted


def row(shape: Shape, seconds: float, cpu: float, peak: int) -> Row:
    """seconds: of one request alone on one whole CPU; cpu: its CPU seconds; peak: bytes held.

    On a share of a vCPU a request takes its CPU seconds over that share; two vCPUs serve two
    requests at once.
    """
    took = max(seconds, cpu / shape.vcpus) if shape.vcpus < 1 else seconds
    billed = math.ceil(round(took / BILLED_STEP, 6)) * BILLED_STEP
    alone = MILLION * (billed * shape.second + REQUEST)
    busy = cpu / shape.vcpus
    saturated = MILLION * (busy * shape.second + REQUEST)
    pays = MILLION * shape.always / alone
    return Row(
        shape.vcpus,
        shape.gib,
        peak <= shape.gib * 2**30,
        took,
        alone,
        saturated,
        shape.always,
        pays if pays * busy <= MONTH_SECONDS else None,
    )


def hosted(input_price: float, output_price: float, prompt: float, copy: float) -> Hosted:
    """What a million copies cost elsewhere; prices in dollars for a million tokens."""
    return Hosted(input_price, output_price, prompt * input_price + copy * output_price)


def costs(directory: Path, input_price: float, output_price: float) -> Costs:
    """The table from the runs of warm and memory in `directory`.

    Raises OSError if one is missing, and ValueError if they are of two releases.
    """
    warm, usage = results.read("warm", Warm, directory), results.read("memory", Usage, directory)
    if warm.release != usage.release:
        raise ValueError("warm.json and memory.json are of two releases: run both again")
    one, many = warm.case(EXAMPLES, 1, 1), warm.case(EXAMPLES, CALLERS, 1)
    peak = int(usage.stages["peak"].pss.most)
    return Costs(
        machine=warm.machine,
        release=warm.release,
        warm_run=results.digest("warm", directory),
        memory_run=results.digest("memory", directory),
        prompt=one.prompt,
        copy=one.tokens,
        rows=tuple(row(shape, one.request.median, many.cpu, peak) for shape in SHAPES),
        hosted=hosted(input_price, output_price, one.prompt, one.tokens),
    )


def saved(directory: Path = results.RESULTS) -> Costs:
    """The saved result. Raises ValueError if warm or memory was measured again since."""
    found = results.read("cost", Costs, directory)
    for name, run in (("warm", found.warm_run), ("memory", found.memory_run)):
        if results.digest(name, directory) != run:
            raise ValueError(
                f"cost.json was computed from another {name}.json than the saved one: "
                "run python -m benchmarks.cost"
            )
    return found


def tables(found: Costs) -> str:
    """The result as Markdown."""
    header = (
        "instance",
        "holds the peak",
        "seconds alone",
        "$ a million, one at a time",
        "$ a million, saturated",
        "hosted model, times one at a time",
        "always on, $ a month",
        "cheaper above, requests a month",
    )
    rows = [
        (
            f"{it.vcpus:.3g} vCPU, {it.gib:g} GiB",
            "yes" if it.fits else "no",
            f"{it.seconds:.2f}",
            f"{it.alone:,.2f}",
            f"{it.saturated:,.2f}",
            f"{found.hosted.million / it.alone:,.1f}",
            f"{it.always:,.2f}",
            "never" if it.pays_above is None else f"{it.pays_above:,.0f}",
        )
        for it in found.rows
    ]
    it = found.hosted
    example = (it.input_price, it.output_price) == EXAMPLE_PRICES
    told = (
        f"The hosted model costs ${it.input_price:g} and ${it.output_price:g} for a million tokens "
        f"read and written, so ${it.million:,.2f} for a million times {found.prompt:.0f} tokens of "
        f"brief and {found.copy:.0f} of copy."
    )
    if example:
        told += (
            " **These prices are an example: enter yours with "
            "`python -m benchmarks.cost --hosted INPUT OUTPUT`.**"
        )
    return results.under(f"{results.table(header, rows)}\n\n{told}", found)


def plot(found: Costs) -> Figure:
    """Dollars for a million on each shape, alone and saturated."""
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.add_subplot()
    names = [f"{it.vcpus:.3g} vCPU\n{it.gib:g} GiB" for it in found.rows]
    places = range(len(names))
    axes.bar([p - 0.2 for p in places], [it.alone for it in found.rows], 0.4)
    axes.bar([p + 0.2 for p in places], [it.saturated for it in found.rows], 0.4)
    axes.set_xticks(places, names)
    axes.set_ylabel("$ for a million copies")
    axes.legend(["one at a time", "saturated"])
    return figure


def main(argv: Sequence[str] | None = None) -> None:
    """Reads warm.json and memory.json, prints the table, saves cost.json and cost.png."""
    parser = results.parser("cost", __doc__)
    parser.add_argument(
        "--hosted",
        type=float,
        nargs=2,
        default=EXAMPLE_PRICES,
        metavar=("INPUT", "OUTPUT"),
        help="a hosted model's dollars for a million tokens read and written",
    )
    given: Any = parser.parse_args(argv)
    out: Path = given.out
    try:
        found = costs(out, *given.hosted)
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"{error.filename}: run benchmarks.warm and benchmarks.memory first")
    results.save("cost", found, out)
    plot(found).savefig(out / "cost.png", dpi=120)
    print(tables(found))


if __name__ == "__main__":
    main()
