"""An evaluation as Markdown: the table of scores and the sheet of sample copy."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from finetune.evaluation.metrics import Rate, Scores, Surprise
from finetune.evaluation.overlap import COPIED_RUN
from finetune.evaluation.resampling import Interval
from finetune.generators.generate import DECK
from finetune.probe.briefs import SliceScores
from tinycopy.brief import Brief
from tinycopy.checks import CHECKS

NOT_DEFINED = "-"
_T = TypeVar("_T")


class Sample(msgspec.Struct, frozen=True):
    """One brief with its copy by label, and the checks that each copy fails by label."""

    brief: Brief
    copies: dict[str, str]
    failed: dict[str, list[str]]


def percent(rate: Rate) -> str:
    """A rate with its interval, in percent: '97.5 (95.1-98.7)'."""
    if not rate.rows:
        return NOT_DEFINED
    return f"{100 * rate.share:.1f} ({100 * rate.low:.1f}-{100 * rate.high:.1f})"


def _number(value: float | None, digits: int) -> str:
    return NOT_DEFINED if value is None else f"{value:,.{digits}f}"


def _of(part: _T | None, get: Callable[[_T], float], digits: int) -> str:
    return NOT_DEFINED if part is None else _number(get(part), digits)


_QUALITY: tuple[tuple[str, Callable[[Scores], str]], ...] = (
    ("rows", lambda s: str(s.rows)),
    ("passes all checks, %", lambda s: percent(s.all_checks)),
    ("broken (see checks), %", lambda s: percent(s.broken)),
    ("sounds in the tone asked for, %", lambda s: percent(s.tone) if s.tone else NOT_DEFINED),
    ("BLEU", lambda s: _of(s.likeness, lambda x: x.bleu, 1)),
    ("chrF", lambda s: _of(s.likeness, lambda x: x.chrf, 1)),
    ("ROUGE-1", lambda s: _of(s.likeness, lambda x: x.rouge1, 1)),
    ("ROUGE-2", lambda s: _of(s.likeness, lambda x: x.rouge2, 1)),
    ("ROUGE-L", lambda s: _of(s.likeness, lambda x: x.rouge_l, 1)),
    ("perplexity per token (own tokens)", lambda s: _of(s.surprise, lambda x: x.per_token, 1)),
    ("perplexity per word (see limits)", lambda s: _of(s.surprise, lambda x: x.per_word, 1)),
    ("bits per character (see limits)", lambda s: _of(s.surprise, _bits, 3)),
    ("distinct-1", lambda s: _number(s.distinct_1, 3)),
    ("distinct-2", lambda s: _number(s.distinct_2, 3)),
    ("self-BLEU", lambda s: _number(s.self_bleu, 1)),
    (f"{COPIED_RUN}+ words copied from training copy, %", lambda s: percent(s.copied.copied)),
    ("longest run copied, words", lambda s: str(s.copied.longest)),
    ("tokens per copy, median", lambda s: _of(s.tokens, lambda x: x.median, 0)),
    ("tokens per copy, p95", lambda s: _of(s.tokens, lambda x: x.p95, 0)),
    ("ms per copy, median", lambda s: _of(s.ms, lambda x: x.median, 1)),
    ("ms per copy, p95", lambda s: _of(s.ms, lambda x: x.p95, 1)),
)
_RESAMPLED = {"BLEU": 1, "chrF": 1, "distinct-2": 3, "self-BLEU": 1}
"""Figures whose interval comes from resampling, and how many digits it is shown with."""


def _bits(surprise: Surprise) -> float:
    return surprise.bits_per_character


def score_tables(
    scores: Mapping[str, Scores], intervals: Mapping[str, Mapping[str, Interval]] | None = None
) -> str:
    """Three tables with a column for each label: quality and cost, each check, each type.

    intervals: by label and name of a figure, of those that rates do not give.
    """
    checks = [c.name for c in CHECKS if any(c.name in s.checks for s in scores.values())]
    types = sorted({type_ for s in scores.values() for type_ in s.all_checks_by_type})
    return "\n".join(
        (
            _quality(scores, intervals or {}),
            "Checks passed, % of the rows that each applies to (95 % interval):\n",
            _table("check", scores, [(n, _rate_of("checks", n)) for n in checks]),
            "All checks passed, % by type (95 % interval):\n",
            _table("type", scores, [(t, _rate_of("all_checks_by_type", t)) for t in types]),
        )
    )


def _quality(scores: Mapping[str, Scores], intervals: Mapping[str, Mapping[str, Interval]]) -> str:
    lines = markdown_head(["", *scores])
    for name, cell in _QUALITY:
        cells = [cell(one) for one in scores.values()]
        if name in _RESAMPLED:
            found = [intervals.get(label, {}).get(name) for label in scores]
            cells = [
                shown_cell + (f" ({between(around, _RESAMPLED[name])})" if around else "")
                for shown_cell, around in zip(cells, found, strict=True)
            ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def between(interval: Interval, digits: int) -> str:
    """The two ends of an interval: '9.5-11.0'."""
    return f"{interval.low:.{digits}f}-{interval.high:.{digits}f}"


def differences_table(apart: Mapping[str, Mapping[str, Interval]]) -> str:
    """How far each label is above another in each score, a column for each label."""
    names = list(next(iter(apart.values())))
    lines = markdown_head(["", *apart])
    for name in names:
        digits = _RESAMPLED.get(name, 1)
        cells = [
            f"{one[name].value:+.{digits}f} "
            f"({one[name].low:+.{digits}f} to {one[name].high:+.{digits}f})"
            for one in apart.values()
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def markdown_head(cells: Sequence[str]) -> list[str]:
    """The head of a Markdown table; all columns but the first stand to the right."""
    return [f"| {' | '.join(cells)} |", "|---" + "|---:" * (len(cells) - 1) + "|"]


def probe_tables(probes: Mapping[str, Mapping[str, SliceScores]]) -> str:
    """The probe by slice: all checks of every label, then each check of each; "" without probes."""
    if not probes:
        return ""
    first = next(iter(probes.values()))
    parts = [
        "\nProbe of unseen briefs: all checks passed, % by slice (95 % interval):\n",
        f"| slice | rows | {' | '.join(probes)} |",
        "|---|---:" + "|---:" * len(probes) + "|",
    ]
    for name, scores in first.items():
        cells = [percent(one[name].all_checks) for one in probes.values()]
        parts.append(f"| {name} | {scores.rows} | {' | '.join(cells)} |")
    for label, slices in probes.items():
        checks = [c.name for c in CHECKS if any(c.name in one.checks for one in slices.values())]
        parts += [
            f"\nProbe of unseen briefs: each check passed by {label}, % (95 % interval):\n",
            f"| check | {' | '.join(slices)} |",
            "|---" + "|---:" * len(slices) + "|",
        ]
        for check in checks:
            rates = [one.checks.get(check) for one in slices.values()]
            cells = [percent(rate) if rate else NOT_DEFINED for rate in rates]
            parts.append(f"| {check} | {' | '.join(cells)} |")
    return "\n".join(parts) + "\n"


def _rate_of(field: str, name: str) -> Callable[[Scores], str]:
    def cell(scores: Scores) -> str:
        rates: dict[str, Rate] = getattr(scores, field)
        return percent(rates[name]) if name in rates else NOT_DEFINED

    return cell


def _table(
    corner: str,
    scores: Mapping[str, Scores],
    rows: Sequence[tuple[str, Callable[[Scores], str]]],
) -> str:
    cells = (f"| {name} | {' | '.join(cell(s) for s in scores.values())} |" for name, cell in rows)
    return "\n".join([*markdown_head([corner, *scores]), *cells]) + "\n"


def sample_sheet(samples: Sequence[Sample]) -> str:
    """Each brief with the copy of each label beside it, and what a check found wrong."""
    return "\n".join(_sample(sample) for sample in samples)


def _sample(sample: Sample) -> str:
    lines = [f"**{_cell(brief_line(sample.brief))}**\n", "| | copy | fails |", "|---|---|---|"]
    for label, text in sample.copies.items():
        failed = ", ".join(sample.failed[label])
        lines.append(f"| {label} | {_cell(text) or '*(nothing)*'} | {failed} |")
    return "\n".join(lines) + "\n"


def brief_line(brief: Brief) -> str:
    """A brief in one line for people."""
    low, high = brief.word_range
    parts = [
        f"{brief.type.value.replace('_', ' ')}, {brief.tone}, {low}-{high} words",
        ", ".join(p for p in (brief.product, brief.category, brief.prompt) if p),
        "; ".join(brief.features),
        f"for {brief.audience}" if brief.audience else "",
        f"keywords: {', '.join(brief.keywords)}" if brief.keywords else "",
    ]
    return " · ".join(p for p in parts if p)


def _cell(text: str) -> str:
    """Text that keeps its characters inside a cell of a Markdown table."""
    for character in "\\|*_`<[":
        text = text.replace(character, "\\" + character)
    return text


def shown_name(label: str) -> str:
    """A label as a plot or a caption shows it."""
    return "the deck's own copy" if label == DECK else label
