"""docs/data.md says what the code does."""

import json
import re
import tomllib
from pathlib import Path

import msgspec

from finetune.deck import DeckSettings
from finetune.rows import FIELDS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "data.md").read_text()


def first_cells(heading: str) -> dict[str, str]:
    """The names in the first column of a section's table, each with its second column."""
    section = DOCUMENT.split(f"## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]*?) ?\|", section, re.MULTILINE))


def test_every_field_of_a_row_is_documented() -> None:
    assert set(first_cells("Rows")) == set(FIELDS)


def test_every_setting_is_documented_with_its_default() -> None:
    documented = first_cells("The [deck] table of a recipe")
    assert set(documented) == set(DeckSettings.__struct_fields__)
    settings = DeckSettings()
    for name, default in documented.items():
        value = getattr(settings, name)
        if isinstance(value, bool | int | float):
            assert default == str(value).lower()
        elif isinstance(value, tuple) and value:
            assert json.loads(default.strip("`")) == list(value)
        else:
            assert not value


def test_the_example_recipe_is_one() -> None:
    example = re.search(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)
    assert example is not None
    msgspec.convert(tomllib.loads(example[1])["deck"], DeckSettings)
