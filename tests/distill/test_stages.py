"""What every stage reads first: its recipe and its deck, with a word about rows left out."""

from pathlib import Path

import pytest

from distill.label import read_labels
from distill.shipped import RECIPES
from distill.stages import start
from finetune.stage import StageError
from tests.tiny_models import write_deck, write_recipe
from tinycopy.checks import run_checks

LABELS = RECIPES.parent / "labels"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    deck = write_deck(tmp_path / "deck.jsonl", 30)
    with deck.open("a") as lines:
        lines.write('{"type": "haiku", "product": "Ivo", "copy": "Pour, sip, repeat."}\n')
    return write_recipe(tmp_path / "recipe.toml", deck={"path": str(deck), "word_ranges": False})


def test_rows_that_are_left_out_are_named_and_counted(
    recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, deck = start(str(recipe), None, strict=False)
    said = "".join(capsys.readouterr())
    assert "bad row: " in said and "deck.jsonl" in said and "`type`" in said
    assert "rows left out: " in said and "1 bad row" in said
    assert deck.report.read["train"] == 31


def test_strict_fails_at_the_first_bad_row(recipe: Path) -> None:
    with pytest.raises(StageError, match=r"deck\.jsonl"):
        start(str(recipe), None, strict=True)


def test_one_seed_is_put_over_the_recipes_own(recipe: Path) -> None:
    read, _ = start(str(recipe), 7, strict=False)
    assert {read.teacher.seed, read.labels.seed, read.student.seed} == {7}


def test_the_shipped_labels_pass_the_checks_of_their_briefs() -> None:
    found = [
        all(run_checks(kept.fits or row.brief, kept.copy).values())
        for row in list(read_labels(LABELS))[:500]
        for kept in row.labels
    ]
    assert len(found) >= 500
    assert sum(found) >= 0.98 * len(found)
