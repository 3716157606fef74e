"""What the plans of all scenarios keep."""

import json
import re

import pytest

from tests.terraform.policy import RULES, Rule
from tests.terraform.runner import HCL, Plan, blocks
from tests.terraform.scenarios import SCENARIOS
from tinycopy.page_files import page_file
from tinycopy.routes import ROUTES
from tinycopy.settings import Settings

MANAGED = {"MODEL_URI", "CONCURRENCY", "QUEUE", "GOOGLE_CLOUD_PROJECT"}
"""Settings of the function that follow from variables of their own."""


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_scenario_keeps_every_rule(plans: dict[str, Plan], scenario: str, rule: Rule) -> None:
    assert list(rule(plans[scenario])) == []


def test_scenarios_hold_what_the_rules_look_at(plans: dict[str, Plan]) -> None:
    kinds = {resource.kind for resource in plans["production"].resources}
    written = set(re.findall(r'^resource "(google_\w+)"', all_hcl(), re.MULTILINE))
    assert written - kinds == {"google_cloud_run_v2_service"}
    assert plans["container"].of("google_cloud_run_v2_service")


def test_every_setting_of_the_function_can_be_set_exactly_once() -> None:
    listed = re.search(
        r"setsubtract\(keys\(var\.settings\), \[(.*?)\]",
        (HCL / "variables_function.tf").read_text(),
        re.DOTALL,
    )
    assert listed is not None
    settings = {name.upper() for name in Settings.__dataclass_fields__}
    assert set(re.findall(r'"(\w+)"', listed[1])) == settings - MANAGED


def test_only_files_that_may_be_kept_for_good_are_cached(plans: dict[str, Plan]) -> None:
    balancer = next(m for m in plans["production"].of("google_compute_url_map") if m.name == "this")
    matcher = balancer.values["path_matcher"][0]
    assert [rule["paths"] for rule in matcher["path_rule"]] == [["/page/*"]]
    cached = [route for route in ROUTES if route.path.startswith("/page/")]
    assert [route.handler for route in cached] == [page_file]


def test_every_variable_is_used_and_described() -> None:
    for folder in (HCL, HCL / "bootstrap"):
        text = "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))
        names = set(blocks(text, "variable"))
        assert names
        rest = re.sub(r'^variable "\w+" \{$.*?^\}$', "", text, flags=re.MULTILINE | re.DOTALL)
        assert {name for name in names if not re.search(rf"\bvar\.{name}\b", rest)} == set()
        described = re.findall(
            r'^(?:variable|output) "\w+" \{\n  description = "', text, re.MULTILINE
        )
        assert len(described) == len(re.findall(r"^(?:variable|output) ", text, re.MULTILINE))


def test_the_lock_pins_the_provider_whose_schema_is_served(schema_version: str) -> None:
    for folder in (HCL, HCL / "bootstrap"):
        lock = (folder / ".terraform.lock.hcl").read_text()
        assert re.findall(r'version += "(.*)"', lock) == [schema_version]


def test_alerts_of_one_goal_look_at_a_long_window_and_a_short_one(plans: dict[str, Plan]) -> None:
    burns = [
        policy
        for policy in plans["production"].of("google_monitoring_alert_policy")
        if policy.name == "burn"
    ]
    assert len(burns) == 4
    for policy in burns:
        assert policy.values["combiner"] == "AND"
        assert len(policy.values["conditions"]) == 2


def test_the_dashboard_shows_what_the_operations_guide_reads(plans: dict[str, Plan]) -> None:
    dashboard = plans["defaults"].of("google_monitoring_dashboard")[0]
    tiles = json.loads(dashboard.values["dashboard_json"])["mosaicLayout"]["tiles"]
    shown = " ".join(
        data["timeSeriesQuery"]["prometheusQuery"]
        for tile in tiles
        for data in tile["widget"]["xyChart"]["dataSets"]
    )
    for metric in (
        "request_count",
        "request_latencies",
        "container_startup_latencies",
        "container_instance_count",
        "container_memory_utilizations",
        "container_billable_instance_time",
    ):
        assert f"run_googleapis_com:{metric}" in shown, metric


def all_hcl() -> str:
    """The root module's text."""
    return "\n".join(path.read_text() for path in sorted(HCL.glob("*.tf")))
