"""What every plan must keep: what is closed, what is never deleted, what the function is given.

Each rule yields what breaks it: nothing for the HCL as it is, and test_mistakes.py plants mistakes
to show that it looks.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import yaml

from tests.terraform.grants import (
    accounts_have_no_more_than_they_need,
    accounts_have_what_they_need,
    nothing_is_public_unless_asked,
)
from tests.terraform.runner import Plan
from tests.terraform.schema import FORBIDDEN, ROOT
from tinycopy.brief import Brief
from tinycopy.settings import SettingsError, read_settings

Rule = Callable[[Plan], Iterator[str]]
ELSEWHERE_NAMED = {
    "google_cloudbuildv2_repository": "after the repository",
    "google_storage_bucket_object": "after its content",
}


def buckets_are_closed(plan: Plan) -> Iterator[str]:
    """Access by roles alone, public access prevented, names of this project."""
    for bucket in plan.of("google_storage_bucket"):
        name = bucket.values["name"]
        if not bucket.values["uniform_bucket_level_access"]:
            yield f"{name}: access lists besides roles"
        if bucket.values["public_access_prevention"] != "enforced":
            yield f"{name}: public access is not prevented"
        if not name.startswith(f"{plan.variables['project_id']}-{plan.variables['name']}-"):
            yield f"{name}: not called after project and name"


def live_objects_are_never_deleted(plan: Plan) -> Iterator[str]:
    """What the pointer names is live. Rules may delete replaced versions after a while."""
    for bucket in plan.of("google_storage_bucket"):
        name, values = bucket.values["name"], bucket.values
        if not any(versioning["enabled"] for versioning in values["versioning"]):
            yield f"{name}: replaced objects are lost"
        for rule in values["lifecycle_rule"]:
            action, condition = rule["action"][0]["type"], rule["condition"][0]
            if action == "AbortIncompleteMultipartUpload":
                continue
            if action != "Delete" or condition.get("with_state") != "ARCHIVED":
                yield f"{name}: {action} of live objects, {condition}"
    for bucket in plan.of("google_storage_bucket"):
        if bucket.name == "models":
            if bucket.values["force_destroy"]:
                yield "models: destroyed with all that is in it"
            kept = bucket.values["soft_delete_policy"] or [{"retention_duration_seconds": 0}]
            if kept[0]["retention_duration_seconds"] < 7 * 86400:
                yield "models: what was deleted cannot be brought back"


def the_function_is_what_the_room_says(plan: Plan) -> Iterator[str]:
    """Runtime, entry point, source, accounts, and settings that the function itself accepts."""
    for function in plan.of("google_cloudfunctions2_function"):
        build, service = function.values["build_config"][0], function.values["service_config"][0]
        if (build["runtime"], build["entry_point"]) != ("python313", "tinycopy"):
            yield f"runs {build['entry_point']} on {build['runtime']}"
        if not re.fullmatch(
            r"source/([0-9a-f]{64}|absent)\.zip", build["source"][0]["storage_source"][0]["object"]
        ):
            yield "the source is not named by its content"
        for limit in ("available_cpu", "available_memory", "max_instance_count"):
            if not service[limit]:
                yield f"{limit} is not set"
        if "-run@" not in str(service["service_account_email"]):
            yield f"runs as {service['service_account_email']}"
        if "google_service_account.build" not in function.references["build_config"]:
            yield "is not built by its own account"
        yield from _wrong_settings(service["environment_variables"] or {}, service)


def _wrong_settings(environment: dict[str, str], service: dict[str, Any]) -> Iterator[str]:
    try:
        settings = read_settings(environment)
    except SettingsError as error:
        yield str(error)
        return
    unknown = (
        set(environment) - {name.upper() for name in settings.__dataclass_fields__} - {"THREADS"}
    )
    if unknown:
        yield f"settings that the function does not know: {unknown}"
    if not (settings.model_uri or "").startswith("gs://") or "-models" not in (
        settings.model_uri or ""
    ):
        yield f"MODEL_URI is {settings.model_uri}"
    if settings.google_cloud_project is None:
        yield "log entries are not tied to their traces"
    if str(settings.concurrency) != service["available_cpu"]:
        yield f"{settings.concurrency} generations on {service['available_cpu']} vCPUs"
    room = settings.concurrency + settings.queue
    if not room == service["max_instance_request_concurrency"] < int(environment.get("THREADS", 0)):
        yield f"{service['max_instance_request_concurrency']} requests for {room} places"
    if service["timeout_seconds"] <= settings.load_wait_seconds + settings.queue_seconds:
        yield f"requests are cut off after {service['timeout_seconds']} s"


def no_state_holds_a_secret(plan: Plan) -> Iterator[str]:
    """Values of secrets are put in by hand."""
    for version in plan.of(*FORBIDDEN):
        yield f"{version.address}: its value would lie in the state"


def the_database_is_kept(plan: Plan) -> Iterator[str]:
    """Native mode, protected, backed up by day and week, documents that expire."""
    for database in plan.of("google_firestore_database"):
        wanted = {
            "type": "FIRESTORE_NATIVE",
            "delete_protection_state": "DELETE_PROTECTION_ENABLED",
            "point_in_time_recovery_enablement": "POINT_IN_TIME_RECOVERY_ENABLED",
        }
        for key, value in wanted.items():
            if database.values[key] != value:
                yield f"database: {key} is {database.values[key]}"
    schedules = [s.values for s in plan.of("google_firestore_backup_schedule")]
    if not any(s["daily_recurrence"] for s in schedules) or not any(
        s["weekly_recurrence"] for s in schedules
    ):
        yield "database: not backed up by day and week"
    for field in plan.of("google_firestore_field"):
        if not field.values["ttl_config"]:
            yield f"{field.values['collection']}.{field.values['field']}: does not expire"


def alerts_reach_somebody(plan: Plan) -> Iterator[str]:
    """Every alert says what to do, goes to the channels, and looks at this service."""
    channels = plan.of("google_monitoring_notification_channel")
    policies = plan.of("google_monitoring_alert_policy")
    if len(policies) < 8:
        yield f"only {len(policies)} alerts"
    for policy in policies:
        title = policy.values["display_name"]
        if not policy.values["documentation"] or not policy.values["documentation"][0]["content"]:
            yield f"{title}: says nothing"
        if channels and policy.values.get("notification_channels", [""]) == []:
            yield f"{title}: goes nowhere"


def the_uptime_check_asks_for_copy(plan: Plan) -> Iterator[str]:
    """A POST of a brief that the function accepts; the answer must hold copy."""
    for check in plan.of("google_monitoring_uptime_check_config"):
        http = check.values["http_check"][0]
        if (http["request_method"], http["path"]) != ("POST", "/v1/copy"):
            yield f"asks {http['request_method']} {http['path']}"
        try:
            msgspec.json.decode(base64.b64decode(http["body"] or ""), type=Brief)
        except msgspec.DecodeError as error:
            yield f"its brief: {error}"
        matchers = check.values["content_matchers"] or [{"json_path_matcher": []}]
        paths = [matcher["json_path"] for matcher in matchers[0]["json_path_matcher"]]
        if paths != ["$.variants[0].text"]:
            yield f"looks at {paths}"


def the_dashboard_is_whole(plan: Plan) -> Iterator[str]:
    """Tiles do not overlap, and every metric of the logs is on it."""
    for dashboard in plan.of("google_monitoring_dashboard"):
        tiles = json.loads(dashboard.values["dashboard_json"])["mosaicLayout"]["tiles"]
        places = {(tile["xPos"], tile["yPos"]) for tile in tiles}
        if len(places) != len(tiles) or any(x % 4 or y % 4 or x > 8 for x, y in places):
            yield "tiles overlap"
        shown = dashboard.values["dashboard_json"]
        for metric in plan.of("google_logging_metric"):
            name = re.sub(r"\W", "_", metric.values["name"])
            if f"logging_googleapis_com:user_{name}" not in shown:
                yield f"{metric.values['name']} is not shown"


def triggers_tell_the_builds_what_they_ask(plan: Plan) -> Iterator[str]:
    """The build files are there, get the substitutions that they declare, and run as their own
    accounts."""
    for trigger in plan.of("google_cloudbuild_trigger"):
        file = ROOT / trigger.values["filename"]
        if not file.exists():
            yield f"{trigger.address}: there is no {file.name}"
            continue
        asked = set(yaml.safe_load(file.read_text())["substitutions"])
        if asked != set(trigger.values["substitutions"]):
            yield f"{file.name} asks for {asked}, not {set(trigger.values['substitutions'])}"
        account = {"push": "deploy", "plan": "plan"}[trigger.name]
        if f"google_service_account.{account}" not in trigger.references["service_account"]:
            yield f"{trigger.address}: runs as another account than {account}"


def everything_is_called_after_the_name(plan: Plan) -> Iterator[str]:
    """Two installations in one project do not meet."""
    starts = (plan.variables["name"], f"{plan.variables['project_id']}-{plan.variables['name']}-")
    for resource in plan.resources:
        if resource.kind.endswith("_iam_member") or resource.kind in ELSEWHERE_NAMED:
            continue
        for key in ("name", "account_id", "repository_id", "secret_id", "service_id"):
            name = resource.values.get(key)
            if isinstance(name, str) and not name.startswith(starts):
                yield f"{resource.address}: called {name}"


RULES: tuple[Rule, ...] = (
    accounts_have_no_more_than_they_need,
    accounts_have_what_they_need,
    nothing_is_public_unless_asked,
    buckets_are_closed,
    live_objects_are_never_deleted,
    the_function_is_what_the_room_says,
    no_state_holds_a_secret,
    the_database_is_kept,
    alerts_reach_somebody,
    the_uptime_check_asks_for_copy,
    the_dashboard_is_whole,
    triggers_tell_the_builds_what_they_ask,
    everything_is_called_after_the_name,
)
