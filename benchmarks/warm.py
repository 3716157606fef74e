"""A warm function on one CPU under a closed loop: latency, throughput, CPU time.

One and eight callers ask for 1, 3 and 5 variants of the function's example briefs. The cases take
turns in rounds, so that what else the machine does hits all of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from matplotlib.figure import Figure
from tqdm import tqdm

from benchmarks import results
from benchmarks.load import Load, closed_loop, examples
from benchmarks.machine import Machine, machine
from benchmarks.results import ms, times
from benchmarks.served import ROOT, Source, cpus, serving_python, started
from benchmarks.stats import Ratio, Spread, ratio, spread

CONCURRENCIES = (1, 8)
VARIANTS = (1, 3, 5)
COPY_TOKENS = 40
"""Length that latencies are scaled to, so that releases that write more or less compare."""


class Case(msgspec.Struct, frozen=True):
    """One number of variants at one concurrency.

    request: seconds of a request. per_copy: the same, scaled to candidates of COPY_TOKENS tokens.
    per_token: seconds of a request for each token of one candidate. prompt: tokens of a brief.
    tokens: of one candidate. cpu: server's CPU seconds a request. rate: requests a second.
    written: tokens a second over all candidates.
    """

    concurrency: int
    variants: int
    request: Spread
    per_copy: Spread
    per_token: Spread
    prompt: float
    tokens: float
    candidates: float
    cpu: float
    rate: float
    written: float


class Warm(msgspec.Struct, frozen=True):
    """All cases, and how many times longer a request takes with more variants (concurrency 1)."""

    machine: Machine
    release: str
    cases: tuple[Case, ...]
    ratios: dict[int, Ratio]


def case(concurrency: int, variants: int, loads: Sequence[Load]) -> Case:
    """The figures of one case, out of its rounds."""
    answers = [answer for load in loads for answer in load.answers]
    lengths = [answer.tokens / answer.candidates for answer in answers]
    per_token = [a.seconds / length for a, length in zip(answers, lengths, strict=True)]
    seconds = sum(load.seconds for load in loads)
    return Case(
        concurrency,
        variants,
        request=spread([answer.seconds for answer in answers]),
        per_copy=spread([COPY_TOKENS * one for one in per_token]),
        per_token=spread(per_token),
        prompt=round(sum(answer.prompt for answer in answers) / len(answers), 1),
        tokens=round(sum(lengths) / len(lengths), 1),
        candidates=round(sum(answer.candidates for answer in answers) / len(answers), 2),
        cpu=sum(load.cpu for load in loads) / len(answers),
        rate=len(answers) / seconds,
        written=sum(answer.tokens for answer in answers) / seconds,
    )


def measure(rounds: int, requests: int, environ: Mapping[str, str]) -> Warm:
    """`rounds` rounds of `requests` requests for each case."""
    here = machine(ROOT)
    python, (cpu, _) = serving_python(), cpus()
    order = [(c, v) for c in CONCURRENCIES for v in VARIANTS]
    loads: dict[tuple[int, int], list[Load]] = {key: [] for key in order}
    with started(Source("function", python, environ=environ), cpu) as server:
        bodies = examples(server)
        release = server.ask(bodies[0])["model"]["digest"]
        for _ in tqdm(range(rounds), "rounds", disable=None):
            for concurrency, variants in order:
                asked = [body | {"variants": variants} for body in bodies]
                load = closed_loop(server, asked, concurrency, requests)
                loads[concurrency, variants].append(load)
    each = {v: [load.seconds for load in loads[1, v]] for v in VARIANTS}
    return Warm(
        machine=here,
        release=release,
        cases=tuple(case(*key, loads[key]) for key in order),
        ratios={v: ratio(each[v], each[1]) for v in VARIANTS if v != 1},
    )


def tables(warm: Warm) -> str:
    """The result as Markdown."""
    header = (
        "callers",
        "variants",
        "candidates",
        "tokens each",
        "p50, ms",
        "p95",
        "p99",
        "p99 / p50",
        f"p50 a {COPY_TOKENS}-token copy, ms",
        "p50 a token, ms",
        "requests/s",
        "tokens/s",
        "CPU ms a request",
        "times 1 variant",
    )
    rows = []
    for it in warm.cases:
        grew = it.concurrency == 1 and it.variants in warm.ratios
        rows.append(
            (
                str(it.concurrency),
                str(it.variants),
                f"{it.candidates:.1f}",
                f"{it.tokens:.0f}",
                *(ms(value) for value in (it.request.median, it.request.p95, it.request.p99)),
                f"{it.request.p99 / it.request.median:.1f}",
                ms(it.per_copy.median),
                f"{1000 * it.per_token.median:.2f}",
                f"{it.rate:.1f}",
                f"{it.written:,.0f}",
                ms(it.cpu),
                times(warm.ratios[it.variants]) if grew else "",
            )
        )
    return results.under(results.table(header, rows), warm.machine)


def plot(warm: Warm) -> Figure:
    """Latency of a request by variants: the median as a point, up to p95 as a line."""
    figure = Figure(figsize=(7, 3), layout="constrained")
    for place, concurrency in enumerate(CONCURRENCIES, 1):
        axes = figure.add_subplot(1, len(CONCURRENCIES), place)
        cases = [it for it in warm.cases if it.concurrency == concurrency]
        middle = [1000 * it.request.median for it in cases]
        above = [1000 * it.request.p95 - m for it, m in zip(cases, middle, strict=True)]
        below = [m - 1000 * it.request.p25 for it, m in zip(cases, middle, strict=True)]
        axes.errorbar([it.variants for it in cases], middle, (below, above), fmt="o", capsize=4)
        axes.set(title=f"{concurrency} at once", xlabel="variants", xticks=VARIANTS)
        axes.set_ylabel("ms a request (25 %, median, 95 %)")
        axes.set_ylim(bottom=0)
    return figure


def main(argv: Sequence[str] | None = None) -> None:
    """Measures, prints the table, saves warm.json and warm.png."""
    parser = results.parser("warm", __doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--requests", type=int, default=32, help="of each case in a round")
    given: Any = parser.parse_args(argv)
    warm = measure(given.rounds, given.requests, {})
    results.save("warm", warm, given.out)
    plot(warm).savefig(given.out / "warm.png", dpi=120)
    print(tables(warm))


if __name__ == "__main__":
    main()
