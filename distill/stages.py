"""Run the stages of a recipe, each with the settings and inputs that are its own.

Not here: what a stage does (finetune/teacher.py, label.py, student.py, convert.py), nor the command
line (cli.py), which starts without torch and imports this when a stage is to run.
"""

from collections import Counter
from pathlib import Path

import msgspec

from distill.convert import convert
from distill.label import label
from distill.recipe import Recipe, read_recipe, with_seed
from distill.student import train_student
from finetune.deck import Deck, load_deck
from finetune.stage import Metadata, say
from finetune.teacher import finetune


def start(name: str, seed: int | None, strict: bool) -> tuple[Recipe, Deck]:
    """The recipe called `name` with its deck, and a word about the rows that were left out.

    seed: in place of the recipe's, if given.  strict: fail at bad rows, as a recipe can too.
    Raises StageError.
    """
    recipe = with_seed(read_recipe(name), seed)
    settings = msgspec.structs.replace(recipe.deck, strict=recipe.deck.strict or strict)
    deck = load_deck(settings)
    for row in deck.report.bad_rows:
        say(f"bad row: {row}")
    dropped = Counter[str]()
    for drops in deck.report.drops.values():
        dropped.update(drops)
    if dropped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.most_common())
        say(f"deck: rows left out: {reasons}; `tinycopy deck` tells more")
    return recipe, deck


def finetune_stage(
    recipe: Recipe, deck: Deck, out: Path, resume: bool, tensorboard: bool = False
) -> Metadata:
    """Run the finetune stage of a recipe."""
    inputs = {"deck": deck.digest}
    return finetune(
        recipe.teacher,
        deck.train,
        deck.valid,
        out,
        inputs=inputs,
        resume=resume,
        tensorboard=tensorboard,
    )


def label_stage(recipe: Recipe, deck: Deck, teacher: Path, out: Path, resume: bool) -> Metadata:
    """Run the label stage of a recipe."""
    inputs = {"deck": deck.digest}
    return label(recipe.labels, teacher, deck.train, out, inputs=inputs, resume=resume)


def student_stage(
    recipe: Recipe,
    deck: Deck,
    labels: Path | None,
    teacher: Path | None,
    out: Path,
    resume: bool,
) -> Metadata:
    """Run the student stage of a recipe."""
    inputs = {"deck": deck.digest}
    return train_student(
        recipe.student,
        deck.train,
        deck.valid,
        labels,
        out,
        teacher=teacher,
        inputs=inputs,
        resume=resume,
    )


def convert_stage(recipe: Recipe, deck: Deck, student: Path, out: Path) -> Metadata:
    """Run the convert stage of a recipe."""
    return convert(recipe.release, student, deck.valid, out, inputs={"deck": deck.digest})
