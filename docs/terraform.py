"""Rewrite the tables of terraform/README.md from the variables and outputs of the HCL.

python -m docs.terraform
"""

import re
from pathlib import Path
from typing import Any

import hcl2

from docs.generate import Block, table, write_block

HCL = Path(__file__).resolve().parent.parent / "terraform"
README = "terraform/README.md"


def variables(module: str = ".") -> str:
    """The variables of a module, in the order of its files: name, type, default, meaning."""
    rows = [
        (f"`{name}`", _type(found["type"]), _default(found), _text(found["description"]))
        for name, found in _blocks(module, "variable")
    ]
    return table(("variable", "type", "default", "meaning"), rows)


def outputs(module: str = ".") -> str:
    """The outputs of a module: name, meaning."""
    rows = [(f"`{name}`", _text(found["description"])) for name, found in _blocks(module, "output")]
    return table(("output", "meaning"), rows)


IN_STEP: tuple[Block, ...] = (
    Block(README, "variables", variables),
    Block(README, "outputs", outputs),
    Block(README, "bootstrap variables", lambda: variables("bootstrap")),
    Block(README, "bootstrap outputs", lambda: outputs("bootstrap")),
)
"""The parts of the README that follow from the HCL alone."""


def _blocks(module: str, kind: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted((HCL / module).glob("*.tf")):
        with path.open() as file:
            for block in hcl2.load(file).get(kind, []):
                found += [(_text(name), value) for name, value in block.items()]
    return found


def _text(quoted: str) -> str:
    return quoted.strip('"').replace('\\"', '"')


def _type(expression: str) -> str:
    """The type as it is written; of an object, its fields."""
    kind = re.sub(r"^\$\{(.*)\}$", r"\1", expression, flags=re.DOTALL)
    fields = re.findall(r"(\w+) = ", kind)
    return f"object: {', '.join(f'`{name}`' for name in fields)}" if fields else f"`{kind}`"


def _default(variable: dict[str, Any]) -> str:
    if "default" not in variable:
        return "required"
    value = variable["default"]
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "empty" if value in ({}, []) else f"`{value}`"


def main() -> None:
    """Rewrites the tables."""
    for block in IN_STEP:
        write_block(block.document, block.name, block.render())


if __name__ == "__main__":
    main()
