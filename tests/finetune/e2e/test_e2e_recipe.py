"""The recipe `e2e`, on files of the official form made here, through the same chain."""

import csv
import tomllib
from pathlib import Path

import tomli_w

from distill.cli import main
from distill.shipped import RECIPES
from finetune.stage import read_metadata

PLACES = ("The Eagle", "Zizzi", "Cotto", "The Mill", "Strada", "Aromi", "Loch Fyne", "Fitzbillies")
FOODS = ("French", "Indian", "Italian", "Chinese", "Japanese", "English")
WORDINGS = (
    "{name} serves {food} food near {near}.",
    "Near {near} there is {name}, a place for {food} food.",
    "{name} is a restaurant with {food} food, close to {near}.",
)


def write(path: Path, places: tuple[str, ...]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["mr", "ref"])
        for name in places:
            for food in FOODS:
                for wording in WORDINGS:
                    copy = wording.format(name=name, food=food, near="Burger King")
                    mr = f"name[{name}], food[{food}], near[Burger King]"
                    writer.writerow([mr, copy])
    return path


def miniature(folder: Path) -> Path:
    """The recipe `e2e` with files and a student that a test can afford."""
    recipe = tomllib.loads((RECIPES / "e2e.toml").read_text(encoding="utf-8"))
    recipe["deck"]["files"] = {
        "train": str(write(folder / "train.csv", PLACES[:6])),
        "valid": str(write(folder / "devset.csv", PLACES[6:7])),
        "test": str(write(folder / "testset_w_refs.csv", PLACES[7:])),
    }
    recipe["student"] |= {
        "vocabulary": 560,
        "width": 16,
        "feed_forward": 32,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "heads": 2,
        "steps": 4,
        "warmup": 1,
        "eval_steps": 2,
        "eval_rows": 2,
        "batch_tokens": 512,
        "bf16": False,
    }
    path = folder / "recipe.toml"
    path.write_text(tomli_w.dumps(recipe), encoding="utf-8")
    return path


def test_the_recipe_trains_a_student_of_meanings(tmp_path: Path) -> None:
    recipe, out = miniature(tmp_path), tmp_path / "student"
    assert main(["student", "--recipe", str(recipe), "--out", str(out)]) == 0
    metrics = read_metadata(out).metrics
    assert metrics["pairs"] == metrics["pairs_from_deck"] >= 100
    assert metrics["steps"] == 4
