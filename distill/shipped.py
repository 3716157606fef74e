"""The recipes that come with the project, by name; what is in them is recipe.py's to read."""

from pathlib import Path

RECIPES = Path(__file__).parent / "recipes"


def shipped_recipes() -> list[str]:
    """The names of the recipes that come with the project."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))
