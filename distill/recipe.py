"""A recipe: everything that a run of the chain needs to know, in one TOML file."""

import tomllib
from pathlib import Path

import msgspec

from distill.convert import ConvertSettings
from distill.label import LabelSettings
from distill.shipped import RECIPES, shipped_recipes
from distill.student import StudentSettings
from finetune.deck import DeckSettings
from finetune.stage import StageError
from finetune.teacher import TeacherSettings


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of every stage; what a file leaves out keeps its default."""

    deck: DeckSettings = DeckSettings()
    teacher: TeacherSettings = TeacherSettings()
    labels: LabelSettings = LabelSettings()
    student: StudentSettings = StudentSettings()
    release: ConvertSettings = ConvertSettings()


def read_recipe(name: str) -> Recipe:
    """The recipe called `name`, or in the file `name`.

    Raises StageError naming the file and the setting that is unknown or out of range.
    """
    path = RECIPES / f"{name}.toml" if name in shipped_recipes() else Path(name)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        names = ", ".join(shipped_recipes())
        raise StageError(f"recipe {name!r}: no such file, and none of {names}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StageError(f"recipe {path}: {error}") from error
    try:
        return msgspec.convert(table, Recipe)
    except msgspec.ValidationError as error:
        raise StageError(f"recipe {path}: {error}") from error


def with_seed(recipe: Recipe, seed: int | None) -> Recipe:
    """The recipe with one seed for all its stages; as it is, if `seed` is None."""
    if seed is None:
        return recipe
    replace = msgspec.structs.replace
    return replace(
        recipe,
        teacher=replace(recipe.teacher, seed=seed),
        labels=replace(recipe.labels, seed=seed),
        student=replace(recipe.student, seed=seed),
    )
