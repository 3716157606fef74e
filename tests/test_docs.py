"""The documents: their commands exist, their links lead somewhere, and they agree with the code."""

import io
import re
import shlex
import tomllib
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path

import pytest

from distill import cli
from docs import generate
from tinycopy import manifest as manifests

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("docs", "finetune", "distill", "terraform")
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", *(f"{room}/**/*.md" for room in ROOMS))
    for path in ROOT.glob(pattern)
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)
NAME = re.compile(r"^[A-Za-z0-9._-]+")
A_PATH = re.compile(r"(?:function|finetune|distill|tests|docs|benchmarks)/[\w./-]*")


def read(document: str) -> str:
    return (ROOT / document).read_text()


def commands(document: str, program: str) -> list[str]:
    """The lines that call a program in the document's code blocks, continued lines joined."""
    lines = []
    for language, block in FENCE.findall(read(document)):
        if language in {"sh", "bash", "console"}:
            lines += block.replace("\\\n", " ").splitlines()
    split = [shlex.split(line, comments=True) for line in lines if line.startswith(f"{program} ")]
    return [shlex.join(words) for words in split]


def spans(document: str) -> list[str]:
    """The short code between backticks, outside of code blocks."""
    return SPAN.findall(FENCE.sub("", read(document)))


@cache
def help_of(command: str) -> str:
    """What `tinycopy COMMAND --help` prints. Fails if there is no such command."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            status = cli.main([command, "--help"])
        except SystemExit as finished:
            status = finished.code
    assert status == 0, f"tinycopy {command} --help: {said.getvalue()}"
    return said.getvalue()


@pytest.mark.parametrize(
    ("document", "line"),
    [
        pytest.param(document, line, id=f"{document}: {line}")
        for document in DOCUMENTS
        for line in dict.fromkeys(commands(document, "tinycopy"))
    ],
)
def test_a_tinycopy_command_in_a_document_exists_with_its_options(document: str, line: str) -> None:
    words = shlex.split(line)[1:]
    known = help_of(next(word for word in words if not word.startswith("-")))
    options = [word.split("=")[0] for word in words if word.startswith("-")]
    assert [option for option in options if not re.search(rf"{option}\b", known)] == []


def test_every_tinycopy_command_is_shown_in_a_document() -> None:
    shown = [line.split()[1] for document in DOCUMENTS for line in commands(document, "tinycopy")]
    assert set(cli.COMMANDS) - set(shown) == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_in_a_document_exists(document: str) -> None:
    written = [*commands(document, "make"), *(s for s in spans(document) if s.startswith("make "))]
    named = {
        word for line in written for word in line.split()[1:] if re.fullmatch(r"[a-z-]+", word)
    }
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_between_documents_leads_to_a_file(document: str) -> None:
    links = [link for link in LINK.findall(read(document)) if "://" not in link]
    paths = [link.split("#")[0] for link in links if not link.startswith("#")]
    assert [path for path in paths if not (ROOT / document).parent.joinpath(path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_exists(document: str) -> None:
    named = [span for span in spans(document) if A_PATH.fullmatch(span)]
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    "block", generate.IN_STEP, ids=lambda block: f"{block.document}:{block.name}"
)
def test_a_generated_part_is_in_step_with_the_code(block: generate.Block) -> None:
    assert generate.read_block(block.document, block.name) == block.render(), "run: make docs"


def test_the_readme_was_measured_on_the_embedded_release() -> None:
    raw = (ROOT / "function" / "tinycopy" / "embedded" / manifests.MANIFEST).read_bytes()
    digest = manifests.digest(raw)[:12]
    for document, name in generate.MEASURED:
        assert digest in generate.read_block(document, name), (
            f"{document}: {name}: run: make readme"
        )


def pins(document: str) -> dict[str, str]:
    return {
        name.lower().replace("_", "-"): version for name, version in PIN.findall(read(document))
    }


def test_the_suite_runs_with_the_versions_that_are_served() -> None:
    tested, served = pins("requirements-dev.txt"), pins("function/requirements.txt")
    assert served
    assert {name: tested.get(name) for name in served} == served


def test_every_dependency_has_a_pin() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {NAME.match(line).group().lower() for line in asked}  # type: ignore[union-attr]
    assert names - set(pins("requirements-dev.txt")) == set()
