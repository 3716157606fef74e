"""`tinycopy deck`: what it prints, and what it writes."""

import json
from pathlib import Path

import pytest

from finetune import deck_command
from finetune.deck import DeckError, DeckSettings, load_deck
from finetune.stage import read_metadata
from tests.finetune.test_deck_reading import ROWS, deck_row, json_lines


def test_the_report_shows_drops_and_the_place_of_bad_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = json_lines(tmp_path / "deck.jsonl", [*ROWS, ROWS[0], deck_row(1, tone="loud")])
    deck_command.main([str(path)])
    printed = capsys.readouterr().out
    assert f"{path}:8: `tone`" in printed
    assert "| read | 8 | 0 | 0 | 8 |" in printed
    assert "| copy given before | 1 | 0 | 0 | 1 |" in printed


def test_the_written_deck_reads_back_as_the_same_deck(tmp_path: Path) -> None:
    prompt = {"prompt": "a sign for my shop", "type": "slogan", "copy": "Come right in, friend"}
    path = json_lines(tmp_path / "deck.jsonl", [*ROWS, prompt])
    deck_command.main([str(path), "--out", str(tmp_path / "clean")])
    deck = load_deck(DeckSettings(path=str(path)))
    again = load_deck(DeckSettings(path=str(tmp_path / "clean"), strict=True))
    assert (again.train, again.valid, again.test) == (deck.train, deck.valid, deck.test)
    assert read_metadata(tmp_path / "clean").metrics["digest"] == again.digest


def test_the_same_deck_is_written_with_the_same_bytes(tmp_path: Path) -> None:
    path = json_lines(tmp_path / "deck.jsonl", ROWS)
    for out in ("one", "other"):
        deck_command.main([str(path), "--out", str(tmp_path / out)])
    for split in ("train", "valid", "test"):
        name = f"{split}.jsonl.gz"
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_a_recipe_gives_the_settings_and_the_command_line_the_last_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{k: v for k, v in row.items() if k != "type"} for row in ROWS]
    path = json_lines(tmp_path / "deck.jsonl", [*rows, rows[0] | {"tone": "loud"}])
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f"[deck]\npath = {json.dumps(str(path))}\nconstants = {{ type = 'slogan' }}\n"
        "[teacher]\nepochs = 1\n"
    )
    deck_command.main(["--recipe", str(recipe)])
    assert "| kept | 4 | 1 | 1 | 6 |" in capsys.readouterr().out
    with pytest.raises(DeckError, match="loud"):
        deck_command.main(["--recipe", str(recipe), "--strict"])


@pytest.mark.parametrize("text", ["[deck]\npth = 'x'\n", "[deck\n"])
def test_a_recipe_that_cannot_be_meant_is_refused_by_name(tmp_path: Path, text: str) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(text)
    with pytest.raises(DeckError, match=r"recipe\.toml"):
        deck_command.main(["--recipe", str(recipe)])
