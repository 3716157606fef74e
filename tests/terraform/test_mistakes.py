"""Planted mistakes in the HCL: each is found, and by the rule that it breaks."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.terraform import grants, policy
from tests.terraform.policy import RULES, Rule
from tests.terraform.runner import Plan, Terraform, Variables, changed, copied, planned_together
from tests.terraform.scenarios import REPOSITORY

VERSION_OF_A_SECRET = """
resource "google_secret_manager_secret_version" "signing" {
  secret      = google_secret_manager_secret.function["SIGNING_KEY"].id
  secret_data = "hunter2"
}
"""
DELETES_OLD_STUDENTS = """  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 90
      matches_prefix = ["students/"]
    }
  }

  lifecycle {"""
MODELS = '"${var.project_id}-${var.name}-models"'


@dataclass(frozen=True)
class Mistake:
    """One passage of one file replaced by another, the rule that this breaks, and what it says."""

    file: str
    old: str
    new: str
    breaks: Rule
    says: str


MISTAKES = {
    "the function may change models": Mistake(
        "identity.tf",
        '"roles/storage.objectViewer"\n  member = google_service_account.run',
        '"roles/storage.objectAdmin"\n  member = google_service_account.run',
        grants.accounts_have_no_more_than_they_need,
        "run has roles/storage.objectAdmin on models",
    ),
    "the pipeline edits the project": Mistake(
        "identity.tf",
        '"roles/run.viewer"',
        '"roles/editor"',
        grants.accounts_have_no_more_than_they_need,
        "deploy has roles/editor on project",
    ),
    "the pipeline may overwrite releases": Mistake(
        "identity.tf",
        "/objects/students/current.json",
        "/objects/students/",
        grants.accounts_have_no_more_than_they_need,
        "objects/students/",
    ),
    "pull requests run as the pipeline": Mistake(
        "build.tf",
        "google_service_account.plan.id",
        "google_service_account.deploy.id",
        policy.triggers_tell_the_builds_what_they_ask,
        "runs as another account than plan",
    ),
    "the pipeline cannot act as the build account": Mistake(
        "identity.tf",
        "    build = google_service_account.build.name\n",
        "",
        grants.accounts_have_what_they_need,
        "deploy lacks roles/iam.serviceAccountUser on account build",
    ),
    "anybody may call": Mistake(
        "function.tf",
        "var.public ?",
        "true ||  var.public ?",
        grants.nothing_is_public_unless_asked,
        'invoker["everybody"]: allUsers',
    ),
    "anybody may read models": Mistake(
        "identity.tf",
        "  member = google_service_account.run.member\n}\n\n"
        'resource "google_storage_bucket_iam_member" "deploy_reads_models"',
        '  member = "allUsers"\n}\n\n'
        'resource "google_storage_bucket_iam_member" "deploy_reads_models"',
        grants.nothing_is_public_unless_asked,
        "run_reads_models: allUsers",
    ),
    "the model bucket may become public": Mistake(
        "buckets.tf",
        f"  name                        = {MODELS}\n  location                    = var.region\n"
        '  uniform_bucket_level_access = true\n  public_access_prevention    = "enforced"',
        f"  name                        = {MODELS}\n  location                    = var.region\n"
        '  uniform_bucket_level_access = true\n  public_access_prevention    = "inherited"',
        policy.buckets_are_closed,
        "-models: public access is not prevented",
    ),
    "old students are deleted": Mistake(
        "buckets.tf",
        "\n  lifecycle {",
        "\n" + DELETES_OLD_STUDENTS,
        policy.live_objects_are_never_deleted,
        "Delete of live objects",
    ),
    "a lifecycle rule takes live models": Mistake(
        "buckets.tf",
        '      with_state                 = "ARCHIVED"\n'
        "      days_since_noncurrent_time = var.keep_replaced_days\n    }\n  }\n  lifecycle_rule",
        "      age = var.keep_replaced_days\n    }\n  }\n  lifecycle_rule",
        policy.live_objects_are_never_deleted,
        "Delete of live objects",
    ),
    "models go with their bucket": Mistake(
        "buckets.tf",
        f"  name                        = {MODELS}\n",
        f"  name                        = {MODELS}\n  force_destroy = true\n",
        policy.live_objects_are_never_deleted,
        "destroyed with all that is in it",
    ),
    "the function is not told where models are": Mistake(
        "function.tf",
        "    MODEL_URI            = join",
        "    MODEL_URL            = join",
        policy.the_function_is_what_the_room_says,
        "settings that the function does not know",
    ),
    "more requests than threads": Mistake(
        "function.tf",
        "tostring(var.request_concurrency + 1)",
        "tostring(var.cpu)",
        policy.the_function_is_what_the_room_says,
        "requests for",
    ),
    "another entry point": Mistake(
        "function.tf",
        'entry_point       = "tinycopy"',
        'entry_point       = "main"',
        policy.the_function_is_what_the_room_says,
        "runs main on",
    ),
    "the source has one name for all contents": Mistake(
        "function.tf",
        "source/${local.source_digest}.zip",
        "source/function.zip",
        policy.the_function_is_what_the_room_says,
        "not named by its content",
    ),
    "the function is built by its own run account": Mistake(
        "function.tf",
        "google_service_account.build.id",
        "google_service_account.run.id",
        policy.the_function_is_what_the_room_says,
        "not built by its own account",
    ),
    "the state holds a secret": Mistake(
        "secrets.tf",
        "# Secrets of the function.",
        f"{VERSION_OF_A_SECRET}\n# Secrets of the function.",
        policy.no_state_holds_a_secret,
        "its value would lie in the state",
    ),
    "the database can be deleted": Mistake(
        "firestore.tf",
        "DELETE_PROTECTION_ENABLED",
        "DELETE_PROTECTION_DISABLED",
        policy.the_database_is_kept,
        "DELETE_PROTECTION_DISABLED",
    ),
    "an alert goes nowhere": Mistake(
        "alerts.tf",
        '  severity              = "WARNING"\n  notification_channels = local.channels\n',
        '  severity              = "WARNING"\n  notification_channels = []\n',
        policy.alerts_reach_somebody,
        "goes nowhere",
    ),
    "the uptime check asks for no copy": Mistake(
        "uptime.tf",
        '    product  = "Sunrise Mug"\n',
        "",
        policy.the_uptime_check_asks_for_copy,
        "its brief",
    ),
    "a metric is not on the dashboard": Mistake(
        "dashboard.tf",
        "_load_failures[5m]",
        "_load_failed[5m]",
        policy.the_dashboard_is_whole,
        "load_failures is not shown",
    ),
    "a substitution has another name": Mistake(
        "build.tf",
        "    _MODEL_BUCKET  =",
        "    _MODELS_BUCKET =",
        policy.triggers_tell_the_builds_what_they_ask,
        "cloudbuild.yaml asks for",
    ),
    "the push runs another build": Mistake(
        "build.tf",
        '"cloudbuild.yaml"',
        '"cloudbuild.yml"',
        policy.triggers_tell_the_builds_what_they_ask,
        "there is no cloudbuild.yml",
    ),
    "two installations share an account": Mistake(
        "identity.tf",
        '"${var.name}-plan"',
        '"tinycopy-plan"',
        policy.everything_is_called_after_the_name,
        "called tinycopy-plan",
    ),
}


SPOILED: Variables = {
    "project_id": "acme-prod",
    "name": "copydesk",
    "repository": REPOSITORY,
    "state_bucket": "acme-prod-copydesk-state",
    "alert_emails": ["ops@example.com"],
    "secrets": {"SIGNING_KEY": "1"},
}
"""Variables with which every mistake shows."""


def apart() -> list[dict[str, Mistake]]:
    """The mistakes in groups that share a copy of the HCL: in each, one mistake for a rule."""
    groups: list[dict[str, Mistake]] = []
    for name, mistake in MISTAKES.items():
        for group in groups:
            if all(other.breaks is not mistake.breaks for other in group.values()):
                group[name] = mistake
                break
        else:
            groups.append({name: mistake})
    return groups


@pytest.fixture(scope="module")
def spoiled(attach: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    """By mistake, the plan of the copy that has it; and one of a copy that has none."""
    root = tmp_path_factory.mktemp("mistakes")
    groups = [{}, *apart()]
    copies: dict[str, tuple[Path, Variables]] = {}
    for number, group in enumerate(groups):
        hcl = copied(root / f"copy{number}")
        for mistake in group.values():
            path = hcl / mistake.file
            path.write_text(changed(path.read_text(), mistake.old, mistake.new))
        copies[f"copy{number}"] = (hcl, SPOILED)
    plans = planned_together(root / "all", attach, copies)
    by_mistake = {name: plans[f"copy{n}"] for n, group in enumerate(groups) for name in group}
    return by_mistake | {"none": plans["copy0"]}


def test_without_a_mistake_every_rule_is_kept(spoiled: dict[str, Plan]) -> None:
    assert [broken for rule in RULES for broken in rule(spoiled["none"])] == []


@pytest.mark.parametrize("planted", MISTAKES)
def test_a_planted_mistake_breaks_its_rule(spoiled: dict[str, Plan], planted: str) -> None:
    mistake = MISTAKES[planted]
    broken = list(mistake.breaks(spoiled[planted]))
    assert any(mistake.says in found for found in broken), broken


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "variables.tf",
            'variable "branch"',
            'variable "branches"',
            '"branch" has not been declared',
        ),
        ("build.tf", "authorizer_credential {", "authoriser {", '"authoriser" are not expected'),
    ],
    ids=["missing variable", "misspelt block"],
)
def test_what_no_plan_can_be_made_of_is_refused(
    attach: str, tmp_path: Path, file: str, old: str, new: str, says: str
) -> None:
    hcl = copied(tmp_path / "hcl")
    path = hcl / file
    path.write_text(changed(path.read_text(), old, new))
    refused = Terraform(hcl, attach).init().run("validate", "-json")
    assert refused.returncode == 1
    assert says in " ".join(found["detail"] for found in json.loads(refused.stdout)["diagnostics"])
