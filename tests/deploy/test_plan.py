"""What the log of a pull request says about a Terraform plan."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import plan
from tests.deploy.buildfile import ROOT


def change(address: str, actions: list[str], before: Any = None, after: Any = None) -> Any:
    return {
        "address": address,
        "type": address.split(".")[0],
        "change": {
            "actions": actions,
            "before": before,
            "after": after,
            "after_unknown": {"id": True} if "create" in actions else {},
        },
    }


def run(tmp_path: Path, *changes: Any) -> int:
    path = tmp_path / "tfplan.json"
    path.write_text(json.dumps({"resource_changes": changes}))
    return plan.main([str(path)])


def test_changes_are_listed_with_their_fields_and_never_their_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    function = "google_cloudfunctions2_function.this"
    secret = {"token": "before-secret", "name": "x"}
    status = run(
        tmp_path,
        change(function, ["update"], secret, secret | {"token": "after-secret"}),
        change("google_service_account.run", ["create"], None, {"name": "run"}),
        change("google_storage_bucket.models", ["no-op"], {}, {}),
        change("google_logging_metric.x", ["delete", "create"], {"a": 1}, {"a": 2}),
    )
    said = capsys.readouterr().out
    assert status == 0
    assert said.splitlines() == [
        "Merging this would:",
        f"  change  {function}: token",
        "  create  google_service_account.run",
        "  replace google_logging_metric.x: a, id",
    ]
    assert "secret" not in said


@pytest.mark.parametrize("kind", plan.HOLDS_DATA)
@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"], ["create", "delete"]])
def test_a_plan_that_would_lose_data_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, actions: list[str]
) -> None:
    assert run(tmp_path, change(f"{kind}.this", actions, {}, {})) == 1
    assert f"{kind}.this holds data and would be deleted" in capsys.readouterr().err


def test_the_build_installs_nothing_to_say_it(tmp_path: Path) -> None:
    (tmp_path / "tfplan.json").write_text("{}")
    command = [sys.executable, "-S", "-m", "deploy.plan", str(tmp_path / "tfplan.json")]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "nothing would change" in told.stdout, told.stderr


def test_a_plan_without_changes_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 0
    assert "nothing would change" in capsys.readouterr().out
