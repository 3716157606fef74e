"""What became of the rows of a deck, as numbers and as Markdown."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from finetune.rows import BadRow, Row, words
from finetune.sources import SPLITS
from tinycopy.brief import CopyType, Length, Tone


class Counts(msgspec.Struct, frozen=True):
    """How many rows of a split there are, by what they ask for.

    products, prompts: how many distinct ones.  words: of all its copy together.
    """

    rows: int
    products: int
    prompts: int
    words: int
    types: dict[str, int]
    tones: dict[str, int]
    lengths: dict[str, int]


class DeckReport(msgspec.Struct, frozen=True):
    """What was read, dropped and kept. All mappings are by split: `train`, `valid`, `test`.

    inputs: file, or split of a hub data set -> sha256.
    read, drops: by the split that a row was given in; `train` where none was given.
    kept, counts: by the split that a row is in.
    bad_rows: the first of them.
    """

    inputs: dict[str, str]
    read: dict[str, int]
    kept: dict[str, int]
    drops: dict[str, dict[str, int]]
    bad_rows: tuple[BadRow, ...]
    counts: dict[str, Counts]


def count_rows(rows: Sequence[Row]) -> Counts:
    """The counts of one split."""
    briefs = [row.brief for row in rows]
    types, tones = Counter(b.type for b in briefs), Counter(b.tone for b in briefs)
    lengths = Counter(b.length for b in briefs)
    return Counts(
        rows=len(rows),
        products=len({b.product for b in briefs} - {None}),
        prompts=len({b.prompt for b in briefs} - {None}),
        words=sum(words(row.copy) for row in rows),
        types={str(t): types[t] for t in CopyType},
        tones={str(t): tones[t] for t in Tone},
        lengths={str(t): lengths[t] for t in Length},
    )


def tables(report: DeckReport) -> str:
    """Both Markdown tables: what became of the rows, and what each split holds."""
    return f"{drops_table(report)}\n\n{counts_table(report.counts)}"


def counts_table(counts: Mapping[str, Counts]) -> str:
    """A Markdown table of what each split holds."""
    lines = [("", *SPLITS, "all"), ("---", *["---:"] * (len(SPLITS) + 1))]
    lines += [_line(name, [getattr(counts[s], name) for s in SPLITS]) for name in _TOTALS]
    for table in ("types", "tones", "lengths"):
        for value in getattr(counts["train"], table):
            lines.append(_line(f"`{value}`", [getattr(counts[s], table)[value] for s in SPLITS]))
    return _markdown(lines)


def drops_table(report: DeckReport) -> str:
    """A Markdown table of the rows read, the rows dropped by reason, and the rows kept."""
    lines = [("", *SPLITS, "all"), ("---", *["---:"] * (len(SPLITS) + 1))]
    lines.append(_line("read", [report.read[s] for s in SPLITS]))
    reasons = {reason: None for drops in report.drops.values() for reason in drops}
    lines += [_line(r, [report.drops.get(s, {}).get(r, 0) for s in SPLITS]) for r in reasons]
    lines.append(_line("kept", [report.kept[s] for s in SPLITS]))
    return _markdown(lines)


_TOTALS = ("rows", "products", "prompts", "words")


def _line(name: str, numbers: Iterable[int]) -> tuple[str, ...]:
    numbers = list(numbers)
    return (name, *(f"{n:,}" for n in (*numbers, sum(numbers))))


def _markdown(lines: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
