"""Mistakes planted in the scripts of a deployment: for each, a test of this folder fails."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.buildfile import ROOT

RUN = """
import sys
sys.path.insert(0, sys.argv[1])
import deploy
assert deploy.__file__.startswith(sys.argv[1])
import pytest
sys.exit(pytest.main(["-q", "-x", "-p", "pytest_timeout", *sys.argv[2:]]))
"""
# Plugins that these tests do not use take longer to load than the tests to run.
QUICK = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
TESTS_FAILED = 1


@dataclass(frozen=True)
class Mistake:
    """Code of a module of deploy/ and what stands in its place, and the test that must fail."""

    module: str
    old: str
    new: str
    test: str


MISTAKES = {
    "the zip keeps modes of files": Mistake(
        "archive.py",
        "REGULAR_FILE << 16",
        "(source / name).stat().st_mode << 16",
        "test_archive.py::test_the_same_files",
    ),
    "the zip is compressed": Mistake(
        "archive.py",
        "archive.writestr(entry, content)",
        "archive.writestr(entry, content, zipfile.ZIP_DEFLATED)",
        "test_archive.py::test_an_entry",
    ),
    "the zip holds what should stay out": Mistake(
        "archive.py",
        "any(pattern.ignores(name.parts) for pattern in patterns)",
        "not patterns",
        "test_archive.py::test_the_zip_holds",
    ),
    "a zip is uploaded over another": Mistake(
        "storage.py", ", if_generation_match=0", "", "test_storage.py::test_other_bytes"
    ),
    "what serves is not pinned": Mistake(
        "traffic.py",
        "    cloud.set_traffic(service, [Target(revision=recorded, percent=100)])\n",
        "",
        "test_traffic.py::test_what_serves",
    ),
    "a new revision gets all traffic": Mistake(
        "cloud.py",
        '"allTrafficOnLatestRevision": False',
        '"allTrafficOnLatestRevision": True',
        "test_traffic.py::test_what_serves",
    ),
    "traffic that moved by itself goes unseen": Mistake(
        "traffic.py",
        "candidate == recorded or service.serving() != {recorded: 100}",
        "candidate == recorded",
        "test_traffic.py::test_a_candidate_that_got",
    ),
    "nothing is rolled back": Mistake(
        "traffic.py",
        "        roll_back(cloud, deployment)\n",
        "",
        "test_traffic.py::test_a_failure_at_any_step",
    ),
    "somebody else's change is overwritten": Mistake(
        "cloud.py", "if service.etag:", "if not service.etag:", "test_traffic.py::test_somebody"
    ),
    "traffic is shifted before the smoke test": Mistake(
        "cli.py",
        "HALFWAY = (Stage.SMOKED,",
        "HALFWAY = (Stage.BUILT, Stage.SMOKED,",
        "test_traffic.py::test_a_step_refuses",
    ),
    "any account will do": Mistake(
        "traffic.py",
        'if found.rpartition("/")[2] != wanted:',
        "if not found:",
        "test_traffic.py::test_a_function_with_other_accounts",
    ),
    "copy need not pass its checks": Mistake(
        "smoke.py",
        "if variant.checks and not failed:",
        "if variant.text:",
        "test_smoke.py::test_copy_that_fails",
    ),
    "any release will do": Mistake(
        "smoke.py",
        "if release.digest != expected.digest:",
        "if not release.digest:",
        "test_smoke.py::test_a_function_that_is_not_good",
    ),
    "copy may take any time": Mistake(
        "smoke.py",
        "if quickest > seconds:",
        "if quickest < 0:",
        "test_smoke.py::test_copy_that_takes",
    ),
    "every push promotes its student": Mistake(
        "student.py", "if seen == digest:", "if not digest:", "test_student.py::test_a_push_of_code"
    ),
    "a bad student stays": Mistake(
        "student.py",
        "if current is not None:\n            publish",
        "if current is None:\n            publish",
        "test_student.py::test_a_student_that_the_function",
    ),
    "a plan may lose data": Mistake(
        "plan.py", "return 1 if lost else 0", "return 0", "test_plan.py::test_a_plan_that_would"
    ),
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_in_a_script_is_caught(name: str, tmp_path: Path) -> None:
    mistake = MISTAKES[name]
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=ignored)
    path = tmp_path / "deploy" / mistake.module
    code = path.read_text("utf-8")
    assert code.count(mistake.old) == 1, "plant the mistake elsewhere"
    path.write_text(code.replace(mistake.old, mistake.new), "utf-8")
    file, _, test = mistake.test.partition("::")
    tests = [str(ROOT / "tests" / "deploy" / file), "-k", test]
    run = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path), *tests],
        cwd=ROOT,
        env=os.environ | QUICK,
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert run.returncode == TESTS_FAILED, run.stdout + run.stderr
    assert "1 failed" in run.stdout
