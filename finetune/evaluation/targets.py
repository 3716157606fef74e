"""An evaluation against what copy must reach: a floor and an aim for each figure.

EVALUATION is a directory that `tinycopy evaluate` wrote. Some targets are fixed; others are what
the deck's own held-out copy or the teacher reaches in the same evaluation.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from finetune.e2e.result import E2eEvaluation
from finetune.evaluation.assess import Evaluation, read_evaluation
from finetune.evaluation.metrics import Rate, Scores
from finetune.evaluation.overlap import COPIED_RUN
from finetune.evaluation.tables import NOT_DEFINED
from finetune.generators.generate import DECK, Kind
from finetune.stage import say


class Target(msgspec.Struct, frozen=True):
    """One figure with the values to reach, in the figure's own unit; None where there is none.

    high: whether higher is better. shown: what the floor and the aim are, for people.
    """

    name: str
    value: float | None
    floor: float | None
    aim: float | None
    high: bool
    shown: tuple[str, str]

    @property
    def verdict(self) -> str:
        """Which of them the value reaches: 'aim', 'floor' or 'missed'; '-' without a comparison."""
        if self.value is None or self.floor is None or self.aim is None:
            return NOT_DEFINED
        sign = 1 if self.high else -1
        # Shares are ratios of counts: what is equal must not differ by rounding.
        reached = [sign * (self.value - goal) >= -1e-9 for goal in (self.floor, self.aim)]
        return "aim" if all(reached) else "floor" if reached[0] else "missed"


_FIXED: tuple[tuple[str, Callable[[Scores], Rate | None], float, float, bool], ...] = (
    ("names the product", lambda s: s.checks.get("names_product"), 98, 99.5, True),
    ("all keywords present", lambda s: s.checks.get("has_keywords"), 95, 99, True),
    ("length in range", lambda s: s.checks.get("length_in_range"), 95, 99, True),
    (
        "number, price or date that the brief lacks",
        lambda s: _failed(s, "no_new_numbers"),
        0.5,
        0,
        False,
    ),
    ("broken", lambda s: s.broken, 1, 0.1, False),
)
"""Name, rate, floor and aim in %, and whether higher is better."""

_OF_TEACHER: tuple[tuple[str, Callable[[Scores], float | None]], ...] = (
    ("chrF", lambda s: s.likeness.chrf if s.likeness else None),
    ("passes all checks", lambda s: _percent(s.all_checks)),
    ("sounds in the tone asked for", lambda s: _percent(s.tone)),
)
"""What stands for a reader's preference where nobody reads and no likelihood is needed."""

_OF_DECK: tuple[tuple[str, Callable[[Scores], float]], ...] = (
    ("distinct-2", lambda s: s.distinct_2),
    ("self-BLEU", lambda s: s.self_bleu),
)


def targets(evaluation: Evaluation, label: str) -> list[Target]:
    """The targets for the copy of one label."""
    scores = evaluation.entries[label].scores
    deck = evaluation.entries[DECK].scores
    found = [
        Target(name, _percent(of(scores)), floor, aim, high, _bounds(floor, aim, high))
        for name, of, floor, aim, high in _FIXED
    ]
    own = _percent(deck.copied.copied)
    copied = _percent(scores.copied.copied)
    name = f"shares {COPIED_RUN} words in a row with training copy"
    shown = ("<= 3 %", f"<= {own:.2f} %, the deck's own" if own is not None else NOT_DEFINED)
    found.append(Target(name, copied, 3, own, False, shown))
    found += _against_teacher(evaluation, scores)
    for name, get in _OF_DECK:
        off = _off(get(scores), get(deck))
        found.append(Target(f"{name}, % off the deck's own", off, 10, 5, False, ("<= 10", "<= 5")))
    heard, own_heard = _percent(scores.tone), _percent(deck.tone)
    behind = None if heard is None or own_heard is None else own_heard - heard
    found.append(
        Target("tone: points behind the deck's own", behind, 10, 3, False, ("<= 10", "<= 3"))
    )
    return found


def e2e_targets(evaluation: E2eEvaluation) -> list[Target]:
    """The targets for a release on E2E's original test; none for other data."""
    if not evaluation.is_original_test:
        return []
    found = []
    for text in evaluation.settings.generators:
        head = text.partition("=")[0]
        kind, _, label = head.partition(":")
        if kind == Kind.RELEASE:
            scores = evaluation.entries[label or kind]
            errors = 100 * scores.errors.rate
            found += [
                Target("E2E: BLEU", scores.bleu, 67.5, 70.4, True, (">= 67.5", ">= 70.4")),
                Target("E2E: slot error rate", errors, 2, 0.5, False, _bounds(2, 0.5, False)),
            ]
    return found


def _against_teacher(evaluation: Evaluation, scores: Scores) -> list[Target]:
    """Figures in % of the teacher's; without a teacher, or with several, they stay undefined."""
    teachers = [e.scores for e in evaluation.entries.values() if e.kind is Kind.TEACHER]
    found = []
    for name, get in _OF_TEACHER:
        value, of_teacher = get(scores), get(teachers[0]) if len(teachers) == 1 else None
        share = 100 * value / of_teacher if value is not None and of_teacher else None
        shown = (">= 95", ">= 100")
        found.append(Target(f"{name}, % of the teacher's", share, 95, 100, True, shown))
    return found


def _failed(scores: Scores, check: str) -> Rate | None:
    passed = scores.checks.get(check)
    if passed is None:
        return None
    return Rate(passed.rows - passed.passed, passed.rows, 1 - passed.high, 1 - passed.low)


def _percent(rate: Rate | None) -> float | None:
    return 100 * rate.share if rate is not None and rate.rows else None


def _off(value: float, own: float) -> float:
    return 100 * abs(value / own - 1) if own else math.inf


def _bounds(floor: float, aim: float, high: bool) -> tuple[str, str]:
    sign = ">=" if high else "<="
    return f"{sign} {floor:g} %", f"{sign} {aim:g} %"


def target_table(evaluation: Evaluation) -> str:
    """A table as Markdown: a row for each target, and for each generator its figure and verdict."""
    labels = [label for label in evaluation.entries if label != DECK]
    columns = {label: targets(evaluation, label) for label in labels}
    lines = [
        f"| {evaluation.rows} rows of the {evaluation.settings.split} split | floor | aim | "
        + " | ".join(labels)
        + " |",
        "|---|---|---|" + "---:|" * len(labels),
    ]
    for row in zip(*columns.values(), strict=True):
        cells = [
            NOT_DEFINED if one.value is None else f"{one.value:.2f} ({one.verdict})" for one in row
        ]
        lines.append(f"| {row[0].name} | {' | '.join((*row[0].shown, *cells))} |")
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """`tinycopy targets`. Raises StageError."""
    parser = argparse.ArgumentParser(prog="tinycopy targets", description=__doc__)
    parser.add_argument("evaluation", type=Path, metavar="EVALUATION")
    parser.add_argument("--out", type=Path, help="Markdown file to write; default: print it")
    given = parser.parse_args(argv)
    table = target_table(read_evaluation(given.evaluation))
    if given.out is None:
        say(table)
    else:
        given.out.write_text(table, encoding="utf-8")
