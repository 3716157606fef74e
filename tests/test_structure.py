"""The shape of the code: which room may import which, and how long a thing may get."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "tinycopy": {"tinycopy"},
    "finetune": {"finetune", "tinycopy"},
    "deploy": {"deploy", "tinycopy"},
    # The command line sits in distill and dispatches to deploy.
    "distill": {"distill", "finetune", "deploy", "tinycopy"},
    # Benchmarks measure every room, with the servers that tests run.
    "benchmarks": {"benchmarks", "deploy", "distill", "finetune", "tests", "tinycopy"},
}
NEVER_SERVED = ("torch", "transformers", "datasets", "peft", "accelerate", "sklearn", "pandas")
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 60
MACHINE_PATH = re.compile(r"(?<![\w.}~-])/(?:work|home|Users|root|private|mnt)/[\w.]")
REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)", re.MULTILINE)


def modules(*rooms: str) -> list[Path]:
    """Every Python file of the rooms, or of all of them."""
    found = [
        path
        for room in rooms or ("function", "finetune", "distill", "deploy", "benchmarks", "docs")
        for path in (ROOT / room).rglob("*.py")
    ]
    assert found, f"no module under {rooms}"
    return sorted(path for path in found if "__pycache__" not in path.parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Top-level package and line of every import, also those inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name_of(path)}:{node.lineno}: import by full name"
            yield (node.module or "").split(".")[0], node.lineno


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_from_distill_to_finetune_to_tinycopy(room: str) -> None:
    folder = "function" if room == "tinycopy" else room
    ours = {*MAY_IMPORT, "docs", "tests", "benchmarks"}
    wrong = [
        f"{name_of(path)}:{line}: imports {package}"
        for path in modules(folder)
        for package, line in imported(path)
        if package in ours - MAY_IMPORT[room]
    ]
    assert not wrong, "\n".join(wrong)


def test_serving_imports_only_what_its_requirements_name() -> None:
    pinned = {
        name.lower().replace("_", "-")
        for name in REQUIREMENT.findall((ROOT / "function" / "requirements.in").read_text())
    }
    sources = importlib.metadata.packages_distributions()
    wrong = [
        f"{name_of(path)}:{line}: imports {package}"
        for path in modules("function")
        for package, line in imported(path)
        if package not in {*sys.stdlib_module_names, "tinycopy"}
        and not pinned & {name.lower().replace("_", "-") for name in sources.get(package, [])}
    ]
    assert not wrong, "\n".join(wrong)


def test_loading_every_serving_module_brings_no_training_library() -> None:
    names = [
        ".".join(path.relative_to(ROOT / "function").with_suffix("").parts)
        for path in modules("function/tinycopy")
        if path.name != "__init__.py"
    ]
    program = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        f"print(sorted(set(sys.modules) & {set(NEVER_SERVED)!r}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_fits_in_the_head(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) < MAX_MODULE_LINES
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module says what it is for in its first lines"
    long = [
        f"{name_of(path)}:{node.lineno}: {node.name} has {length} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) >= MAX_FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


def test_every_folder_of_modules_is_a_package_that_says_what_it_is() -> None:
    # function/ itself is no package: functions-framework loads its main.py as a top-level module.
    folders = {path.parent for path in modules()} - {ROOT / "function"}
    missing = [name_of(folder) for folder in folders if not (folder / "__init__.py").exists()]
    assert not missing


def test_no_file_holds_a_path_of_one_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    wrong = []
    for name in filter(None, listed.split("\0")):
        try:
            lines = (ROOT / name).read_text().splitlines()
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        wrong += [
            f"{name}:{n}: {line}" for n, line in enumerate(lines, 1) if MACHINE_PATH.search(line)
        ]
    assert not wrong, "\n".join(wrong)
