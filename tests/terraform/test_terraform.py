"""Terraform itself on the HCL: format, validate, its own tests, apply twice, destroy."""

import re
import shutil
from pathlib import Path

import pytest

from tests.terraform.runner import HCL, LIBRARY, Terraform, changed, copied, program
from tests.terraform.scenarios import PRODUCTION

FUNCTION = 'google_cloudfunctions2_function.this["function"]'
INVOKER = 'google_cloud_run_v2_service_iam_member.invoker["everybody"]'
TRAFFIC = 'google_cloud_run_v2_service_iam_member.deploy_shifts_traffic["function"]'
MODELS = "google_storage_bucket.models"
VERSIONS = (HCL / "versions.tf").read_text()


def test_the_hcl_is_formatted(attach: str) -> None:
    done = Terraform(HCL, attach).run("fmt", "-check", "-recursive", "-diff")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("command", [program(), LIBRARY], ids=["at hand", "library"])
def test_the_root_is_valid_for_the_terraform_at_hand_and_the_pinned_library(
    attach: str, tmp_path: Path, command: list[str]
) -> None:
    terraform = Terraform(copied(tmp_path / "hcl"), attach)
    for arguments in (("init", "-backend=false", "-input=false"), ("validate",)):
        done = terraform.run(*arguments, command=command)
        assert done.returncode == 0, done.stderr


def test_the_state_lies_in_cloud_storage_under_a_prefix() -> None:
    # Its bucket is told at init. Nothing here can ask Cloud Storage, so this reads the text.
    backend = re.search(
        r'^  backend "(\w+)" \{\n    prefix = "(\w+)"\n  \}', VERSIONS, re.MULTILINE
    )
    assert backend is not None
    assert backend.groups() == ("gcs", "tinycopy")


def test_terraforms_own_tests_pass(attach: str, tmp_path: Path) -> None:
    hcl = copied(tmp_path / "hcl")
    said = Terraform(hcl, attach).init().must("test")
    runs = sum(path.read_text().count("\nrun ") for path in hcl.glob("tests/*.tftest.hcl"))
    assert f"Success! {runs} passed, 0 failed." in said


def test_bootstrap_makes_a_bucket_for_the_state_that_is_not_destroyed(
    attach: str, tmp_path: Path
) -> None:
    terraform = Terraform(copied(tmp_path / "hcl", HCL / "bootstrap"), attach).init()
    terraform.write_variables({"project_id": "acme-prod"})
    terraform.must("apply", "-input=false", "-auto-approve")
    assert terraform.must("output", "-raw", "state_bucket") == "acme-prod-tinycopy-state"
    refused = terraform.run("plan", "-destroy", "-input=false")
    assert "google_storage_bucket.state" in refused.stderr


@pytest.fixture(scope="module")
def applied(attach: str, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """The root module with everything on, applied once."""
    root = tmp_path_factory.mktemp("applied")
    (root / "function.zip").write_bytes(b"the first source")
    terraform = Terraform(copied(root / "hcl"), attach).init()
    terraform.write_variables(PRODUCTION | {"source_zip": "../function.zip"})
    terraform.must("apply", "-input=false", "-auto-approve")
    return terraform


def test_a_second_apply_changes_nothing(applied: Terraform) -> None:
    assert applied.changes() == {}


def test_code_that_the_pipeline_deploys_is_not_taken_back(applied: Terraform) -> None:
    applied.folder.parent.joinpath("function.zip").write_bytes(b"a later source")
    assert applied.changes("-refresh=false") == {}


def test_once_applied_the_first_source_is_not_needed_and_a_setting_changes_the_function_alone(
    applied: Terraform,
) -> None:
    applied.folder.parent.joinpath("function.zip").unlink(missing_ok=True)
    changes = applied.changes("-refresh=false", "-var=min_instances=3")
    assert changes == {FUNCTION: "update"}


def test_callers_stay_when_the_function_is_made_anew(applied: Terraform) -> None:
    changes = applied.changes("-refresh=false", f"-replace={FUNCTION}")
    assert changes[FUNCTION] == changes[INVOKER] == changes[TRAFFIC] == "replace"
    assert MODELS not in changes


def test_destroy_stops_before_the_models(applied: Terraform) -> None:
    refused = applied.run("plan", "-destroy", "-input=false", "-refresh=false")
    assert refused.returncode == 1
    assert MODELS in refused.stderr
    assert "prevent_destroy" in refused.stderr


def test_destroy_takes_the_rest_once_the_models_have_left_the_state(
    applied: Terraform, tmp_path: Path
) -> None:
    rest = Terraform(tmp_path / "rest", applied.attach)
    shutil.copytree(applied.folder, rest.folder)
    rest.must("state", "rm", MODELS)
    doomed = rest.changes("-destroy", "-refresh=false")
    assert doomed[FUNCTION] == "delete"
    assert MODELS not in doomed


def test_without_the_guard_destroy_would_take_the_models(
    applied: Terraform, tmp_path: Path
) -> None:
    bare = Terraform(tmp_path / "bare", applied.attach)
    shutil.copytree(applied.folder, bare.folder)
    path = bare.folder / "buckets.tf"
    path.write_text(changed(path.read_text(), "prevent_destroy = true", "prevent_destroy = false"))
    assert bare.changes("-destroy", "-refresh=false")[MODELS] == "delete"
