"""A warm function on one CPU under a closed loop: latency, throughput, CPU time.

One and eight callers ask for 1, 3 and 5 variants of the function's example briefs, one of each
type, and of briefs whose copy takes about 40 tokens: product descriptions of medium length, in each
tone. The cases take turns in rounds, so that what else the machine does hits all of them. Eight
callers are more than an instance takes by default; the function runs as Terraform deploys it with
`request_concurrency` 8.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from matplotlib.figure import Figure
from tqdm import tqdm

from benchmarks import results
from benchmarks.load import Load, closed_loop, examples
from benchmarks.machine import machine
from benchmarks.results import middle, ms, times
from benchmarks.served import ROOT, Source, apart, serving_python, started
from benchmarks.stats import Ratio, Spread, ratio, spread
from tinycopy.brief import CopyType, Length, Tone

CALLERS = 8
CONCURRENCIES = (1, CALLERS)
VARIANTS = (1, 3, 5)
EXAMPLES, FORTY = "one of each type", "about 40 tokens"
"""What is asked for: the function's example briefs, or those of `forty`."""


class Case(msgspec.Struct, frozen=True):
    """One number of variants at one concurrency, asked for by the briefs of one name.

    request: seconds of a request. per_token: the same for each token of a copy. prompt: tokens of a
    brief. tokens: of a copy that was returned, its slots filled. cpu: server's CPU seconds a
    request. rate: requests a second. written: tokens a second over all candidates.
    """

    briefs: str
    concurrency: int
    variants: int
    request: Spread
    per_token: Spread
    prompt: float
    tokens: float
    candidates: float
    cpu: float
    rate: float
    written: float


class Warm(results.Result, frozen=True):
    """All cases, and how many times longer the examples take with more variants (one caller)."""

    cases: tuple[Case, ...]
    ratios: dict[int, Ratio]

    def case(self, briefs: str, concurrency: int, variants: int) -> Case:
        """One of the cases."""
        key = (briefs, concurrency, variants)
        return next(it for it in self.cases if (it.briefs, it.concurrency, it.variants) == key)


def forty(bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Briefs whose copy takes about 40 tokens, made from the example briefs."""
    one = next(body for body in bodies if body["type"] == CopyType.SOCIAL_POST)
    return [one | {"length": Length.MEDIUM, "tone": tone} for tone in Tone]


def case(briefs: str, concurrency: int, variants: int, loads: Sequence[Load]) -> Case:
    """The figures of one case, out of its rounds."""
    answers = [answer for load in loads for answer in load.answers]
    seconds = sum(load.seconds for load in loads)
    return Case(
        briefs,
        concurrency,
        variants,
        request=spread([answer.seconds for answer in answers]),
        per_token=spread([answer.seconds / answer.copy for answer in answers]),
        prompt=round(sum(answer.prompt for answer in answers) / len(answers), 1),
        tokens=round(sum(answer.copy for answer in answers) / len(answers), 1),
        candidates=round(sum(answer.candidates for answer in answers) / len(answers), 2),
        cpu=sum(load.cpu for load in loads) / len(answers),
        rate=len(answers) / seconds,
        written=sum(answer.tokens for answer in answers) / seconds,
    )


def measure(rounds: int, requests: int) -> Warm:
    """`rounds` rounds of `requests` requests for each case."""
    here, source = machine(ROOT), Source("function", serving_python(), at_once=CALLERS)
    with apart() as cpu, started(source, cpu) as server:
        bodies = examples(server)
        asked = {EXAMPLES: bodies, FORTY: forty(bodies)}
        order = [(b, c, v) for b in asked for c in CONCURRENCIES for v in VARIANTS]
        loads: dict[tuple[str, int, int], list[Load]] = {key: [] for key in order}
        release = server.ask(bodies[0])["model"]["digest"]
        for _ in tqdm(range(rounds), "rounds", disable=None):
            for key in order:
                briefs, concurrency, variants = key
                wanted = [body | {"variants": variants} for body in asked[briefs]]
                loads[key].append(closed_loop(server, wanted, concurrency, requests))
    each = {v: [load.seconds for load in loads[EXAMPLES, 1, v]] for v in VARIANTS}
    return Warm(
        machine=here,
        release=release,
        cases=tuple(case(*key, loads[key]) for key in order),
        ratios={v: ratio(each[v], each[1]) for v in VARIANTS if v != 1},
    )


def tables(warm: Warm) -> str:
    """The result as Markdown."""
    header = (
        "copy",
        "callers",
        "variants",
        "candidates",
        "tokens of a copy",
        "p50, ms (middle half)",
        "p95",
        "p99",
        "p99 / p50",
        "p50 a token, ms",
        "requests/s",
        "tokens/s",
        "CPU ms a request",
        "times 1 variant",
    )
    rows = []
    for it in warm.cases:
        grew = it.briefs == EXAMPLES and it.concurrency == 1 and it.variants in warm.ratios
        rows.append(
            (
                it.briefs,
                str(it.concurrency),
                str(it.variants),
                f"{it.candidates:.1f}",
                f"{it.tokens:.0f}",
                middle(it.request),
                ms(it.request.p95),
                ms(it.request.p99),
                f"{it.request.p99 / it.request.median:.1f}",
                f"{1000 * it.per_token.median:.2f}",
                f"{it.rate:.1f}",
                f"{it.written:,.0f}",
                ms(it.cpu),
                times(warm.ratios[it.variants]) if grew else "",
            )
        )
    count = f"{warm.cases[0].request.count:,} requests of each case, in a closed loop."
    return results.under(f"{results.table(header, rows)}\n\n{count}", warm)


def plot(warm: Warm) -> Figure:
    """Latency of a request by variants: the median as a point, up to p95 as a line."""
    figure = Figure(figsize=(7, 3), layout="constrained")
    for place, concurrency in enumerate(CONCURRENCIES, 1):
        axes = figure.add_subplot(1, len(CONCURRENCIES), place)
        for briefs in (EXAMPLES, FORTY):
            cases = [warm.case(briefs, concurrency, variants) for variants in VARIANTS]
            middle = [1000 * it.request.median for it in cases]
            above = [1000 * it.request.p95 - m for it, m in zip(cases, middle, strict=True)]
            below = [m - 1000 * it.request.p25 for it, m in zip(cases, middle, strict=True)]
            axes.errorbar(VARIANTS, middle, (below, above), fmt="o", capsize=4, label=briefs)
        axes.set(title=f"{concurrency} at once", xlabel="variants", xticks=VARIANTS)
        axes.set_ylabel("ms a request (25 %, median, 95 %)")
        axes.set_ylim(bottom=0)
    axes.legend(fontsize="small")
    return figure


def main(argv: Sequence[str] | None = None) -> None:
    """Measures, prints the table, saves warm.json and warm.png."""
    parser = results.parser("warm", __doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--requests", type=int, default=32, help="of each case in a round")
    given: Any = parser.parse_args(argv)
    warm = measure(given.rounds, given.requests)
    results.save("warm", warm, given.out)
    plot(warm).savefig(given.out / "warm.png", dpi=120)
    print(tables(warm))


if __name__ == "__main__":
    main()
