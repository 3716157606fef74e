"""The table of faults names tests that exist, and every test of this folder."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = "tests/faults/"
ROW = re.compile(r"^\|[^|]+\|[^|]+\| `([\w./]+)::(\w+)` \|$", re.MULTILINE)


def table() -> str:
    """The rows of the table, without its head."""
    text = (ROOT / "docs" / "operations.md").read_text()
    return text.split("\n| fault | what happens | test |\n|---|---|---|\n")[1].split("\n\n")[0]


def defined_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    found = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {name for name in found if name.startswith("test_")}


def named() -> dict[str, set[str]]:
    """The tests that the table names, by file."""
    found: dict[str, set[str]] = {}
    for file, test in ROW.findall(table()):
        found.setdefault(file if "/" in file else HERE + file, set()).add(test)
    return found


def test_every_row_names_a_test_that_exists() -> None:
    assert len(table().splitlines()) == len(ROW.findall(table())) > 30
    missing = {path: tests - defined_in(path) for path, tests in named().items()}
    assert not {path: tests for path, tests in missing.items() if tests}


def test_every_fault_that_is_tested_here_is_in_the_table() -> None:
    files = {HERE + path.name for path in Path(__file__).parent.glob("test_*.py")}
    for file in files - {HERE + Path(__file__).name}:
        assert defined_in(file) - named().get(file, set()) == set()
