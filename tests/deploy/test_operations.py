"""The operations guide keeps step with what Terraform and the build file say."""

import contextlib
import re
import shlex

import pytest

from deploy import cost
from distill import cli
from tests.deploy.buildfile import ORDER, PUSH, ROOT, steps

GUIDE = (ROOT / "docs" / "operations.md").read_text("utf-8")
TITLE = re.compile(r'^\s*title\s*=\s*"([^"]+)"', re.MULTILINE)
NAME = re.compile(r'^\s*display_name\s*=\s*"([^"]+)"', re.MULTILINE)
POLICY = re.compile(r'^resource "google_monitoring_alert_policy" "\w+" \{\n(.*?)^\}', re.M | re.S)


def section(title: str) -> str:
    """The text below a heading of the second level."""
    return GUIDE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def terraform(file: str) -> str:
    return (ROOT / "terraform" / file).read_text("utf-8")


def named(template: str) -> set[str]:
    """What a display_name of an alert can become, without the function's name and variables."""
    filled = {template}
    if "each.value.title" in template:
        filled = {template.replace("${each.value.title}", t) for t in TITLE.findall(alerts())}
    if "each.value.slo.display_name" in template:
        goals = re.findall(
            r'google_monitoring_slo".*?display_name\s*=\s*"([^"]+)"',
            terraform("objectives.tf"),
            re.S,
        )
        filled = {template.replace("${each.value.slo.display_name}", goal) for goal in goals}
    bare = (re.sub(r" \(\$\{each\.key\}\)|^\$\{var\.name\}:? ", "", name) for name in filled)
    return {re.sub(r"\$\{var\.latency_ms\} ms", "latency_ms", name) for name in bare}


def alerts() -> str:
    return terraform("alerts.tf")


def test_every_alert_that_terraform_makes_has_a_section_and_no_section_is_of_another() -> None:
    templates = [NAME.search(policy)[1] for policy in POLICY.findall(alerts())]  # type: ignore[index]
    assert len(templates) == alerts().count('resource "google_monitoring_alert_policy"') > 3
    wanted = set[str]().union(*map(named, templates))
    assert not [name for name in wanted if "$" in name]
    written = set(re.findall(r"^### (.+)$", section("Alerts"), re.MULTILINE))
    assert written == wanted | {"The budget"}


def test_each_alert_has_cause_and_action() -> None:
    for text in section("Alerts").split("\n### ")[1:]:
        title, _, body = text.partition("\n")
        assert title == "The budget" or ("**Cause.**" in body and "**Do.**" in body), title


def test_every_chart_that_the_guide_names_is_on_the_dashboard() -> None:
    titles = re.findall(r'title = "([^"]+)", unit', terraform("dashboard.tf"))
    charts = re.findall(r"\*\*([A-Z][^*.]+)\*\*", section("The dashboard"))
    assert charts
    assert not [chart for chart in charts if not any(t.startswith(chart) for t in titles)]


def test_every_variable_of_terraform_that_the_guide_sets_is_one() -> None:
    files = (ROOT / "terraform").glob("*.tf")
    declared = re.findall(r'^variable "(\w+)"', "".join(f.read_text() for f in files), re.M)
    given = re.findall(r"`(\w+) = [^`]+`", GUIDE) + re.findall(r"-var (\w+)=", GUIDE)
    assert given
    assert set(given) <= set(declared)


def test_the_steps_by_hand_are_those_of_the_build_file_in_their_order() -> None:
    block = re.search(r"```sh\n(tinycopy deploy zip.*?)```", GUIDE, re.S)[1]  # type: ignore[index]
    lines = block.replace("\\\n", " ").splitlines()
    by_hand = [shlex.split(line)[1:] for line in lines]
    assert tuple(words[1] for words in by_hand) == ORDER
    pushed = {step.deploys: step.args for step in steps(PUSH.read_text("utf-8")) if step.deploys}

    def options(words: tuple[str, ...] | list[str]) -> set[str]:
        return {word.split("=")[0] for word in words if word.startswith("--")}

    for words in by_hand:
        assert options(words) == options(pushed[words[1]]), words[1]


def test_the_first_deploy_takes_ten_steps_each_with_its_time() -> None:
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", section("First deploy"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 11))
    assert all("min" in time for _, time in rows)


def test_ten_thousand_copies_cost_nothing_as_the_readme_says() -> None:
    assert cost.cost(cost.SCALES[1], cost.read_measured()).total < 0.01
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert "nothing at 10,000 copies a month" in readme


def test_the_help_of_deploy_names_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):
        cli.main(["deploy", "--help"])
    said = capsys.readouterr().out
    assert not [command for command in (*ORDER, "rollback", "cost") if f"    {command}" not in said]


def test_the_readme_names_the_runtime_that_terraform_sets() -> None:
    runtime = re.search(r'runtime\s*=\s*"python(\d)(\d+)"', terraform("function.tf"))
    assert runtime
    assert f"Python {runtime[1]}.{runtime[2]}" in (ROOT / "README.md").read_text("utf-8")
    assert f"FROM python:{runtime[1]}.{runtime[2]}." in (ROOT / "Dockerfile").read_text("utf-8")
