"""What the answers of raters say: who wins, how sure that is, and how far raters agree."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from finetune.evaluation.paired import Mean, Tally, mean, tally
from finetune.judge.agreement import Level, alpha
from finetune.judge.blind import CHOICES, SAME, Form, Key
from finetune.stage import StageError, read_output

SCORE = "score.json"
LEVELS = {Form.PAIRS: Level.NOMINAL, Form.RATINGS: Level.ORDINAL}
"""Who is better has no order that raters could be near in; ratings have."""


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a sheet saves: one rater's answers by item."""

    sheet: str
    form: Form
    rater: Annotated[str, Meta(min_length=1, max_length=60)]
    answers: dict[str, str]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What score.json holds.

    rows: judged by at least one rater. A row's winner is who more raters prefer (pairs), or whose
    mean rating is higher among raters who rated both (ratings): raters of one row are not
    independent of one another, rows are.
    ratings: each generator's mean rating, and the first's minus the second's by row.
    """

    form: Form
    labels: tuple[str, str]
    rows: int
    identical: int
    answers: dict[str, int]
    questions: int
    tally: Tally
    by_rater: dict[str, Tally]
    alpha: float | None
    alpha_level: Level
    ratings: dict[str, Mean]


def read_judgement(directory: Path) -> Judgement:
    """What a finished scoring found. Raises StageError if there is none or it cannot be read."""
    return read_output(directory / SCORE, Judgement, "run `tinycopy judge score`")


def read_answers(paths: Sequence[Path], key: Key) -> list[Answers]:
    """The answers of each rater. Raises StageError for a file that does not belong to the key."""
    read: list[Answers] = []
    for path in paths:
        try:
            one = msgspec.json.decode(path.read_bytes(), type=Answers)
        except OSError as error:
            raise StageError(f"{path}: {error.strerror}") from error
        except msgspec.DecodeError as error:
            raise StageError(f"{path}: {error}; give the JSON file that a sheet saved") from error
        if (one.sheet, one.form) != (key.sheet, key.form):
            raise StageError(f"{path}: answers to sheet {one.sheet}; this key is of {key.sheet}")
        if any(one.rater == other.rater for other in read):
            raise StageError(f"{path}: a second file of rater {one.rater!r}; keep one of them")
        for item, answer in one.answers.items():
            if item not in key.items:
                raise StageError(f"{path}: answers.{item}: the sheet has no such question")
            if answer not in CHOICES[key.form]:
                allowed = ", ".join(CHOICES[key.form])
                raise StageError(f"{path}: answers.{item}: {answer!r} is none of {allowed}")
        read.append(one)
    return read


def score(key: Key, answers: Sequence[Answers]) -> Judgement:
    """Judge the first generator of the key against the second. Raises StageError if none can be."""
    preferences = {one.rater: _preferences(key, one) for one in answers}
    by_row: dict[int, list[float]] = {}
    for of_rater in preferences.values():
        for row, preference in of_rater.items():
            by_row.setdefault(row, []).append(preference)
    if not by_row:
        raise StageError("no row is judged yet: the answers hold no complete comparison")
    level = LEVELS[key.form]
    return Judgement(
        form=key.form,
        labels=key.labels,
        rows=len(by_row),
        identical=key.identical,
        answers={one.rater: len(one.answers) for one in answers},
        questions=len(key.items),
        tally=tally(sum(values) for values in by_row.values()),
        by_rater={rater: tally(of_rater.values()) for rater, of_rater in preferences.items()},
        alpha=alpha(_units(key, answers), level),
        alpha_level=level,
        ratings=_ratings(key, answers, by_row) if key.form is Form.RATINGS else {},
    )


def _preferences(key: Key, one: Answers) -> dict[int, float]:
    """By row, how much one rater prefers the first: a side, or a difference of ratings."""
    if key.form is Form.PAIRS:
        return {key.items[item].row: _side(key, item, a) for item, a in one.answers.items()}
    rated: dict[int, dict[str, int]] = {}
    for item, answer in one.answers.items():
        origin = key.items[item]
        rated.setdefault(origin.row, {})[origin.labels[0]] = int(answer)
    first, second = key.labels
    return {row: r[first] - r[second] for row, r in rated.items() if len(r) == len(key.labels)}


def _side(key: Key, item: str, answer: str) -> int:
    """1 if the answer prefers the first generator, -1 the second, 0 neither."""
    if answer == SAME:
        return 0
    return 1 if key.items[item].labels[int(answer) - 1] == key.labels[0] else -1


def _units(key: Key, answers: Sequence[Answers]) -> list[list[int]]:
    """For each item the values that raters gave it, unblinded."""
    return [
        [
            _side(key, item, one.answers[item])
            if key.form is Form.PAIRS
            else int(one.answers[item])
            for one in answers
            if item in one.answers
        ]
        for item in key.items
    ]


def _ratings(
    key: Key, answers: Sequence[Answers], by_row: Mapping[int, Sequence[float]]
) -> dict[str, Mean]:
    rated: dict[str, dict[int, list[int]]] = {label: {} for label in key.labels}
    for one in answers:
        for item, answer in one.answers.items():
            origin = key.items[item]
            rated[origin.labels[0]].setdefault(origin.row, []).append(int(answer))
    means = {
        label: mean([statistics.fmean(values) for values in rows.values()])
        for label, rows in rated.items()
    }
    return means | {"difference": mean([statistics.fmean(v) for v in by_row.values()])}
