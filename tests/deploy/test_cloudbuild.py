"""The two build files, and mistakes planted in one of them, each of which is caught."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy.buildfile import PLAN, PUSH, ROOT, problems, steps

FILES = (PUSH, PLAN)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_build_file_has_no_problem(path: Path) -> None:
    assert problems(path.read_text("utf-8")) == []


def test_both_fit_the_published_schema_of_cloud_build() -> None:
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.cloudbuild", *map(str, FILES)]
    checked = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=120
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_tests_run_before_anything_is_deployed() -> None:
    first = steps(PUSH.read_text("utf-8"))[:3]
    assert [step.id for step in first] == ["install", "check", "test"]
    commands = [" ".join((step.entrypoint, *step.args)) for step in first]
    for command, target in zip(commands, ("dev", "check", "test"), strict=True):
        assert command.endswith(f"make {target}")


def test_the_plan_applies_nothing() -> None:
    words = {word for step in steps(PLAN.read_text("utf-8")) for word in step.args}
    assert not words & {"apply", "destroy", "import"}
    assert {"-lock=false", "-refresh=false", "-lockfile=readonly"} <= words


def test_the_plan_names_variables_that_terraform_has() -> None:
    given = set(re.findall(r"TF_VAR_(\w+)=", PLAN.read_text("utf-8")))
    declared = re.findall(
        r'^variable "(\w+)"',
        "\n".join(path.read_text("utf-8") for path in (ROOT / "terraform").glob("*.tf")),
        re.MULTILINE,
    )
    assert given
    assert given <= set(declared)


def replaced(old: str, new: str) -> Callable[[str], str]:
    def plant(text: str) -> str:
        assert old in text, f"{old!r} is not in the file: plant the mistake elsewhere"
        return text.replace(old, new, 1)

    return plant


def without(step: str) -> Callable[[str], str]:
    """The file without one step."""

    def plant(text: str) -> str:
        changed, count = re.subn(rf"  - id: {step}\n(?:    .*\n)+\n", "", text)
        assert count == 1
        return changed

    return plant


def traffic_before_smoke(text: str) -> str:
    """shift and smoke change places, each waiting for the one before it."""
    found = {
        name: re.search(rf"  - id: {name}\n(?:    .*\n)+\n", text)[0]  # type: ignore[index]
        for name in ("smoke", "shift")
    }
    smoke = found["smoke"].replace("waitFor: [revision]", "waitFor: [shift]")
    shift = found["shift"].replace("waitFor: [smoke]", "waitFor: [revision]")
    swapped = text.replace(found["smoke"] + found["shift"], shift + smoke)
    assert swapped != text
    return swapped.replace(
        "waitFor: [shift]\n    entrypoint: .venv/bin/tinycopy\n    args: [deploy, f",
        "waitFor: [smoke]\n    entrypoint: .venv/bin/tinycopy\n    args: [deploy, f",
    )


MISTAKES = {
    "a step is renamed": (replaced("id: smoke", "id: smoke-test"), "waits for 'smoke'"),
    "a substitution is undefined": (replaced("${_REGION}", "${_ZONE}"), r"\$_ZONE is undefined"),
    "a substitution is unused": (
        replaced("substitutions:\n", 'substitutions:\n  _UNUSED: ""\n'),
        r"\$_UNUSED is not used",
    ),
    "two steps have one id": (replaced("id: upload", "id: zip"), "two steps are 'zip'"),
    "a step waits for none that is": (
        replaced("waitFor: [upload]", "waitFor: [uploaded]"),
        "waits for 'uploaded'",
    ),
    "traffic comes before the smoke test": (traffic_before_smoke, "deploys by"),
    "the smoke test is gone": (without("smoke"), "waits for 'smoke'"),
    "nothing rolls back": (without("finish"), "waits for 'finish'"),
    "revision does not wait for tests": (
        replaced("waitFor: [test]", 'waitFor: ["-"]'),
        "zip: may start before test",
    ),
    "a failed smoke test stops before finish": (
        replaced("    allowFailure: true\n", ""),
        "smoke: whether it may fail is wrong",
    ),
    "a build that failed to finish goes on": (
        replaced("args: [deploy, finish,", "allowFailure: true\n    args: [deploy, finish,"),
        "finish: whether it may fail is wrong",
    ),
    "an option is misspelt": (replaced("--run-account=", "--runs-as="), "does not parse"),
    "an argument is forgotten": (replaced("      - build/function.zip\n", ""), "does not parse"),
    "another command than deploy": (replaced("[deploy, zip,", "[release, zip,"), "no command"),
    "the logs have no place": (replaced("  logging: CLOUD_LOGGING_ONLY\n", ""), "needs logging"),
    "the build is cut off early": (replaced("timeout: 9000s", "timeout: 3000s"), "is cut off"),
    "a step may hang": (replaced("    timeout: 120s\n", ""), "upload: no timeout"),
    "a field is misspelt": (replaced("entrypoint:", "entry_point:"), "schema: "),
    "a moving image": (replaced("python:3.11-bookworm", "python:latest"), "name a version"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_in_the_build_file_is_caught(mistake: str) -> None:
    plant, caught = MISTAKES[mistake]
    text = PUSH.read_text("utf-8")
    found = problems(plant(text))
    assert any(re.search(caught, problem) for problem in found), found
