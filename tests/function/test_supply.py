"""What is installed beside the function: pinned, hashed, whole, and nothing of training."""

import json
import re
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.function.server import FUNCTION, deployable, running

PIN = re.compile(
    r"^([a-z0-9-]+)==(\S+)( ; [^\\]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", re.M
)
PYTHONS = ("3.11", "3.12", "3.13")
NEVER = ("torch", "transformers", "pandas", "datasets", "peft", "sklearn", "google.cloud.storage")
ROOMS = ("finetune", "distill", "deploy", "docs", "tests", "benchmarks")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def lines(path: Path) -> list[str]:
    """What the requirements in a file ask for."""
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def pinned() -> dict[str, str]:
    """The packages of requirements.txt and their versions."""
    return {name: version for name, version, *_ in PIN.findall(text())}


def text() -> str:
    return (FUNCTION / "requirements.txt").read_text()


def required(names: list[str], python: str) -> set[str]:
    """The packages on Linux, and all that these require there."""
    machine = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    machine |= {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}
    found: set[str] = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        one = waiting.pop()
        if canonical(one.name) in found:
            continue
        found.add(canonical(one.name))
        asked = [Requirement(line) for line in distribution(one.name).requires or ()]
        waiting += [
            more
            for more in asked
            if more.marker is None
            or any(more.marker.evaluate(machine | {"extra": e}) for e in ("", *one.extras))
        ]
    return found


def test_every_requirement_is_pinned_with_its_hashes() -> None:
    asked = [line for line in lines(FUNCTION / "requirements.txt") if not line.startswith(" ")]
    assert len(asked) == len(PIN.findall(text())) == len(pinned()) > 20


@pytest.mark.parametrize("python", PYTHONS)
def test_all_that_the_function_requires_is_pinned_and_nothing_else(python: str) -> None:
    assert required(lines(FUNCTION / "requirements.in"), python) == set(pinned())


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds what requirements.txt pins, as it is here."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place)
    (packages,) = place.glob("lib/python*/site-packages")
    for name, version in pinned().items():
        found = distribution(name)
        assert found.version == version
        for file in found.files or ():
            if file.parts[0] != ".." and file.suffix != ".pyc":
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                (packages / file).symlink_to(str(found.locate_file(file)))
    return place / "bin" / "python"


def test_nothing_of_training_can_be_imported_where_the_function_runs(
    environment: Path, tmp_path: Path
) -> None:
    deployable(tmp_path / "function")
    program = (
        "import importlib.util, json, sys\n"
        "def there(name):\n"
        "    try: return importlib.util.find_spec(name) is not None\n"
        "    except ModuleNotFoundError: return False\n"
        "print(json.dumps([name for name in sys.argv[1:] if there(name)]))"
    )
    told = subprocess.run(
        [environment, "-c", program, "main", "tinycopy", "ctranslate2", *NEVER, *ROOMS],
        cwd=tmp_path / "function",
        capture_output=True,
        check=True,
        text=True,
    )
    assert json.loads(told.stdout) == ["main", "tinycopy", "ctranslate2"]


def test_the_function_runs_with_what_is_pinned_alone(environment: Path, tmp_path: Path) -> None:
    deployable(tmp_path / "function")
    with running(tmp_path / "function", python=environment) as server:
        assert server.copy().status == 200
        assert server.ask("GET", "/docs").status == 200
    assert environment != Path(sys.executable)
