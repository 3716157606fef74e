"""Filters on the log match what a running function writes, and read fields that are there."""

import json
import re
from typing import Any

import pytest
from flask import Flask, request

from tests.function.server import deployable, running, until
from tests.terraform.runner import Plan, Resource
from tinycopy.router import respond
from tinycopy.routes import ROUTES
from tinycopy.service import Service
from tinycopy.settings import Settings

Entry = dict[str, Any]
COMPARISON = re.compile(r'(jsonPayload\.(\w+)|textPayload)(=~|=|:)(?:"([^"]*)"|(\*))')
ELSEWHERE = ("resource.type=", "resource.labels.")


def stored(line: Entry) -> Entry:
    """A line of the log as Cloud Logging keeps it: a message on its own becomes text."""
    own = {"severity", "time", "logging.googleapis.com/trace"}
    payload = {name: value for name, value in line.items() if name not in own}
    if set(payload) == {"message"}:
        return {"textPayload": payload["message"]}
    return {"jsonPayload": payload}


def matches(filter_: str, entry: Entry) -> bool:
    """Whether a filter of ours matches. As in Cloud Logging, OR binds more tightly than AND."""
    return all(
        any(compared(one, entry) for one in split(part, "OR")) for part in split(filter_, "AND")
    )


def split(text: str, word: str) -> list[str]:
    """The parts of a filter between the words that stand outside parentheses."""
    parts, depth = [""], 0
    for token in text.split(" "):
        if token == word and not depth:
            parts.append("")
            continue
        depth += token.count("(") - token.count(")")
        parts[-1] = f"{parts[-1]} {token}".strip()
    return parts


def compared(comparison: str, entry: Entry) -> bool:
    """One comparison, or a filter in parentheses; what is said of the service is taken as true."""
    if comparison.startswith("("):
        return matches(comparison[1:-1], entry)
    if comparison.startswith(ELSEWHERE):
        return True
    found = COMPARISON.fullmatch(comparison)
    assert found is not None, comparison
    payload = entry.get("jsonPayload", {})
    value = payload.get(found[2]) if found[2] else entry.get("textPayload")
    if value is None or found[3] == ":":
        return value is not None
    return re.search(found[4], value) is not None if found[3] == "=~" else value == found[4]


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """What a function logs whose bucket cannot be reached: a start, copy, a refusal."""
    source = tmp_path_factory.mktemp("function") / "function"
    deployable(source)
    nowhere = {
        "MODEL_URI": "gs://acme-prod-tinycopy-models",
        "STORAGE_EMULATOR_HOST": "127.0.0.1:1",
    }
    with running(source, **nowhere) as server:
        assert server.copy().status == 200
        assert server.copy(type="poem").status == 422
        until(lambda: len(server.logged("POST answered")) == 2)
        return [stored(line) for line in server.log()]


@pytest.fixture
def failed(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> list[Entry]:
    """What the function logs when a handler fails."""
    service = Service(Settings(), ROUTES)
    monkeypatch.setattr(service.loader, "start", lambda: None)
    monkeypatch.setattr(service.loader, "failing", lambda: 1 / 0)
    with Flask("test").test_request_context("/health"):
        assert respond(service, request).status_code == 500
    return [stored(json.loads(line)) for line in capfdbinary.readouterr().out.splitlines()]


@pytest.fixture
def metrics(plans: dict[str, Plan]) -> list[Resource]:
    found = plans["defaults"].of("google_logging_metric")
    assert len(found) == 10
    return found


def test_every_metric_of_the_log_counts_something_that_is_written(
    metrics: list[Resource], entries: list[Entry], failed: list[Entry]
) -> None:
    for metric in metrics:
        hits = [entry for entry in entries + failed if matches(metric.values["filter"], entry)]
        assert hits, metric.values["filter"]
        extractors = [*(metric.values["label_extractors"] or {}).values()]
        value = metric.values["value_extractor"]
        for extractor in [*extractors, *([value] if value else [])]:
            field = extractor.removeprefix("EXTRACT(jsonPayload.").removesuffix(")")
            having = [entry for entry in hits if field in entry.get("jsonPayload", {})]
            assert having, f"{metric.values['name']}: no entry has {field}"


def test_a_distribution_reads_numbers_of_every_entry_that_it_counts(
    metrics: list[Resource], entries: list[Entry]
) -> None:
    for metric in metrics:
        if metric.name == "distribution":
            field = metric.values["value_extractor"][len("EXTRACT(jsonPayload.") : -1]
            hits = [entry for entry in entries if matches(metric.values["filter"], entry)]
            assert all(isinstance(hit["jsonPayload"][field], int | float) for hit in hits), field


def test_alerts_on_the_log_see_degraded_starts_and_uncaught_errors(
    plans: dict[str, Plan], entries: list[Entry], failed: list[Entry]
) -> None:
    seen = {}
    for policy in plans["defaults"].of("google_monitoring_alert_policy"):
        for condition in policy.values["conditions"]:
            for matched in condition["condition_matched_log"]:
                hits = [e for e in entries + failed if matches(matched["filter"], e)]
                seen[policy.address] = {str(next(iter(hit.values()))) for hit in hits}
    degraded, uncaught = (
        seen[f'google_monitoring_alert_policy.logged["{name}"]']
        for name in ("degraded", "uncaught")
    )
    assert any("release not loaded" in hit for hit in degraded)
    assert any("'source': 'embedded'" in hit for hit in degraded)
    assert len(uncaught) == 1


def test_an_entry_without_trouble_raises_no_alert(plans: dict[str, Plan]) -> None:
    well = {"message": "release loaded", "release": "9f", "source": "bucket", "load_ms": 40.0}
    answered = {"message": "POST answered 200", "status": 200, "ms": 90.1, "release": "9f"}
    for policy in plans["defaults"].of("google_monitoring_alert_policy"):
        for condition in policy.values["conditions"]:
            for matched in condition["condition_matched_log"]:
                assert not matches(matched["filter"], stored(well))
                assert not matches(matched["filter"], stored(answered))
