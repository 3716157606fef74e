"""Targets: what is reached, what is missed, and what there is nothing to compare with."""

from pathlib import Path

import pytest

from finetune.evaluation.assess import Evaluation, read_evaluation
from finetune.evaluation.evaluate import evaluate
from finetune.evaluation.targets import Target, main, target_table, targets
from finetune.generators.generate import DECK, Kind
from finetune.stage import StageError
from tests.finetune.evaluation.test_evaluate import (
    ROWS,
    TRAINING,
    Echo,
    Entrant,
    entrant,
    settings_of,
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("targets") / "evaluation"
    student = Echo(["{} is a fine kettle"])
    entrants = [
        entrant("teacher", Echo(["{} is a fine kettle", "{0} {0}"])),
        Entrant("student", Kind.STUDENT, "b", lambda: student),
    ]
    evaluate(settings_of(), ROWS, TRAINING, entrants, out)
    return out


@pytest.fixture
def evaluation(directory: Path) -> Evaluation:
    return read_evaluation(directory)


def named(evaluation: Evaluation, label: str, beginning: str) -> Target:
    [found] = [t for t in targets(evaluation, label) if t.name.startswith(beginning)]
    return found


@pytest.mark.parametrize(
    ("value", "high", "verdict"),
    [
        (99.5, True, "aim"),
        (98.0, True, "floor"),
        (97.9, True, "missed"),
        (None, True, "-"),
        (98.0, False, "aim"),
        (99.0, False, "floor"),
        (99.6, False, "missed"),
    ],
)
def test_a_value_reaches_the_aim_the_floor_or_neither(
    value: float | None, high: bool, verdict: str
) -> None:
    floor, aim = (98.0, 99.5) if high else (99.5, 98.0)
    assert Target("x", value, floor, aim, high, ("", "")).verdict == verdict


def test_figures_are_those_of_the_evaluation(evaluation: Evaluation) -> None:
    scores = evaluation.entries["teacher"].scores
    # Every other copy is a name twice over, which repeats itself.
    assert scores.broken.passed == 2
    assert named(evaluation, "teacher", "broken").value == 50
    assert named(evaluation, "teacher", "broken").verdict == "missed"
    assert named(evaluation, "student", "broken").value == 0
    assert named(evaluation, "student", "broken").verdict == "aim"


def test_a_check_that_applies_nowhere_is_not_judged(evaluation: Evaluation) -> None:
    # Slogans, headlines and subjects need not name the product, and no brief has keywords.
    for beginning in ("names the product", "all keywords"):
        assert named(evaluation, "student", beginning).verdict == "-"


def test_the_student_is_measured_against_the_teacher(evaluation: Evaluation) -> None:
    chrf = {
        label: evaluation.entries[label].scores.likeness.chrf  # type: ignore[union-attr]
        for label in ("teacher", "student")
    }
    found = named(evaluation, "student", "chrF")
    assert found.value == pytest.approx(100 * chrf["student"] / chrf["teacher"])
    assert named(evaluation, "teacher", "chrF").value == 100
    assert named(evaluation, "teacher", "chrF").verdict == "aim"


def test_variety_and_tone_are_measured_against_the_decks_own_copy(evaluation: Evaluation) -> None:
    own, scores = (evaluation.entries[label].scores for label in (DECK, "student"))
    off = 100 * abs(scores.distinct_2 / own.distinct_2 - 1)
    assert named(evaluation, "student", "distinct-2").value == pytest.approx(off)
    assert own.tone is not None
    assert scores.tone is not None
    behind = 100 * (own.tone.share - scores.tone.share)
    assert named(evaluation, "student", "tone").value == pytest.approx(behind)


def test_the_table_has_floor_and_aim_beside_each_generator(
    directory: Path, evaluation: Evaluation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(directory)])
    table = capsys.readouterr().out.rstrip("\n")
    assert "| 4 rows of the test split | floor | aim | teacher | student |" in table
    assert "| broken | <= 1 % | <= 0.1 % | 50.00 (missed) | 0.00 (aim) |" in table
    assert "| all keywords present | >= 95 % | >= 99 % | - | - |" in table
    main([str(directory), "--out", str(tmp_path / "targets.md")])
    assert (tmp_path / "targets.md").read_text() == target_table(evaluation)


def test_targets_without_an_evaluation_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="run `tinycopy evaluate"):
        main([str(tmp_path)])
