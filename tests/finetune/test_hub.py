"""A deck and a base model by their ids on the hub, through the hub's own clients."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from finetune.stage import read_metadata
from finetune.teacher import TeacherSettings
from tests.hub import served
from tests.tiny_models import deck_rows, make_causal, write_deck, write_recipe


def tinycopy(hub: dict[str, str], home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command with an empty cache of the hub's, since clients read the variables at import."""
    environment = os.environ | hub | {"HF_HOME": str(home), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "distill.cli", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files of a data set: its splits are told by their names."""
    data = tmp_path / "copy"
    data.mkdir()
    lines = write_deck(tmp_path / "deck.jsonl", 60).read_text().splitlines(keepends=True)
    (data / "train.jsonl").write_text("".join(lines[:40]))
    (data / "validation.jsonl").write_text("".join(lines[40:]))
    return data


def test_a_deck_and_a_base_model_come_from_the_hub(copy: Path, tmp_path: Path) -> None:
    base = make_causal(tmp_path / "base", deck_rows(24))
    settings = TeacherSettings(
        base="someone/base", max_steps=2, batch_size=4, eval_steps=2, bf16=False
    )
    recipe = write_recipe(
        tmp_path / "recipe.toml",
        deck={"path": "someone/copy", "word_ranges": False},
        teacher=msgspec.to_builtins(settings),
    )
    out = tmp_path / "teacher"
    with served({"datasets/someone/copy": copy, "models/someone/base": base}) as hub:
        words = ("finetune", "--recipe", str(recipe), "--out", str(out))
        done = tinycopy(hub, tmp_path / "home", *words)
    assert done.returncode == 0, done.stderr
    metadata = read_metadata(out)
    assert metadata.metrics["steps"] == 2
    assert 20 <= metadata.metrics["rows"] <= 40, "what cleaning leaves of the training split"


def test_a_bad_row_of_the_hub_is_named_by_its_split_and_number(copy: Path, tmp_path: Path) -> None:
    row = json.loads((copy / "train.jsonl").read_text().splitlines()[0]) | {"type": "poem"}
    with (copy / "train.jsonl").open("a") as file:
        file.write(json.dumps(row))
    with served({"datasets/someone/copy": copy}) as hub:
        done = tinycopy(hub, tmp_path / "home", "deck", "someone/copy", "--strict")
    assert done.returncode == 1
    assert "someone/copy/train:41: `type`" in done.stderr


def test_a_data_set_that_the_hub_lacks_is_refused_by_its_name(tmp_path: Path) -> None:
    with served({}) as hub:
        done = tinycopy(hub, tmp_path / "home", "deck", "someone/other")
    assert done.returncode == 1
    assert "tinycopy deck: someone/other: " in done.stderr
