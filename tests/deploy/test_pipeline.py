"""cloudbuild.yaml's steps, in order, against Cloud Storage and a function that really runs."""

import pytest

from deploy.student import embedded_digest
from distill import cli
from tests.deploy import google
from tests.deploy.buildfile import PUSH, replay
from tests.deploy.conftest import Project
from tests.releases import served

QUICK = ["--pause=0.2", "--tries=3", "--max-seconds=20"]
# A build waits two minutes at each step of the traffic; here each is watched once.
EXTRA = {
    "smoke": QUICK,
    "shift": [*QUICK, "--watch-seconds=0"],
    # A function that found no release looks again after up to a minute.
    "student": ["--pause=0.5", "--tries=240", "--max-seconds=20"],
}
FIRST, SECOND, THIRD = (f"{google.NAME}-{number:05}-abc" for number in (1, 2, 3))
ALL = ["zip", "upload", "revision", "smoke", "shift", "finish", "student"]


def push(project: Project) -> dict[str, int]:
    """What a push does, from the zip on."""
    return replay(PUSH.read_text("utf-8"), project.substitutions, cli.main, EXTRA)


def test_a_push_brings_the_new_revision_all_traffic_and_its_student_into_the_bucket(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(project) == dict.fromkeys(ALL, 0)
    fake = project.google
    assert fake.splits[:3] == [{FIRST: 100}] * 3  # pinned, built, tagged
    assert fake.splits[3:] == [{FIRST: 90, SECOND: 10}, {FIRST: 50, SECOND: 50}, {SECOND: 100}]
    assert served(project.models) == embedded_digest(project.workspace / "function")
    # The same push again finds nothing to do, neither code nor student.
    capsys.readouterr()
    assert push(project) == dict.fromkeys(ALL, 0)
    assert list(fake.revisions) == [FIRST, SECOND]
    assert "nothing to deploy" in capsys.readouterr().out


def test_a_revision_that_fails_its_smoke_test_never_gets_traffic(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.spoil("checks.py", "\ndef run_checks(brief, text):\n    raise OSError\n")
    assert push(project) == dict(zip(ALL[:6], (0, 0, 0, 1, 1, 1), strict=True))
    assert all(split == {FIRST: 100} for split in project.google.splits)
    assert f"all traffic is at {FIRST}" in capsys.readouterr().err


def test_a_revision_that_fails_under_traffic_is_rolled_back_and_the_next_push_mends(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    switch, fake = project.workspace / "broken", project.google
    source = project.workspace / "function" / "tinycopy" / "checks.py"
    good = source.read_text("utf-8")
    fails = f"""
from pathlib import Path
_honest = run_checks
def run_checks(brief, text):
    if Path({str(switch)!r}).exists():
        raise OSError
    return _honest(brief, text)
"""
    project.spoil("checks.py", fails)
    fake.before = lambda call: switch.touch() if SECOND in fake.split() else None
    assert push(project) == dict(zip(ALL[:6], (0, 0, 0, 0, 1, 1), strict=True))
    assert {FIRST: 90, SECOND: 10} in fake.splits
    assert {SECOND: 100} not in fake.splits
    assert fake.split() == {FIRST: 100}
    said = capsys.readouterr().err
    assert f"{SECOND} did not prove itself" in said
    assert "/v1/copy: answered 500" in said
    fake.before = lambda call: None
    source.write_text(good, "utf-8")
    assert push(project) == dict.fromkeys(ALL, 0)
    assert fake.split() == {THIRD: 100}
