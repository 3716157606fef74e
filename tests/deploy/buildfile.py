"""Reading a Cloud Build file: what is wrong with it, and running its steps on this machine."""

import json
import re
import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from deploy import cli

ROOT = Path(__file__).parents[2]
PUSH, PLAN = ROOT / "cloudbuild.yaml", ROOT / "cloudbuild.plan.yaml"
BUILT_IN = {"PROJECT_ID", "PROJECT_NUMBER", "BUILD_ID", "LOCATION", "COMMIT_SHA", "SHORT_SHA"}
TINYCOPY = ".venv/bin/tinycopy"
ORDER = ("zip", "upload", "revision", "smoke", "shift", "finish", "student")
MAY_FAIL = {"smoke", "shift"}
USED = re.compile(r"(?<!\$)\$(?:\{(\w+)\}|(\w+))")
LONGEST_BUILD = 24 * 3600


@dataclass(frozen=True)
class Step:
    """A step as the file has it."""

    id: str
    entrypoint: str
    args: tuple[str, ...]
    allow_failure: bool

    @property
    def deploys(self) -> str | None:
        """The command of `tinycopy deploy` that the step runs, if it runs one."""
        return self.args[1] if self.entrypoint == TINYCOPY and self.args[0] == "deploy" else None


def steps(text: str) -> list[Step]:
    """The steps in the file's order."""
    return [
        Step(
            step.get("id", ""),
            step.get("entrypoint", ""),
            tuple(map(str, step.get("args", ()))),
            step.get("allowFailure", False),
        )
        for step in yaml.safe_load(text)["steps"]
    ]


def problems(text: str) -> list[str]:
    """Everything that Cloud Build would refuse, ignore or do in another order than it should."""
    build = yaml.safe_load(text)
    try:
        jsonschema.validate(build, _schema())
    except jsonschema.ValidationError as error:
        return [f"schema: {error.message}"]
    return [
        problem
        for check in (_substitutions, _ids, _order, _timeouts, _account, _images, _commands)
        for problem in check(build, text)
    ]


def _schema() -> Any:
    folder = files("check_jsonschema") / "builtin_schemas" / "vendor"
    return json.loads((folder / "cloudbuild.json").read_text("utf-8"))


def _substitutions(build: dict[str, Any], text: str) -> list[str]:
    # A trigger's builds replace what is undefined by nothing, and never complain.
    declared = set(build.get("substitutions", {}))
    body = json.dumps([build["steps"], build.get("options", {}), build.get("images", [])])
    used = {first or second for first, second in USED.findall(body)}
    return [
        *(f"${name} is undefined" for name in sorted(used - declared - BUILT_IN)),
        *(f"${name} is not used" for name in sorted(declared - used)),
    ]


def _ids(build: dict[str, Any], text: str) -> list[str]:
    ids = [step.get("id") for step in build["steps"]]
    found = [f"step {number} has no id" for number, id_ in enumerate(ids) if not id_]
    found += [f"two steps are {id_!r}" for id_, count in Counter(ids).items() if count > 1]
    for number, step in enumerate(build["steps"]):
        earlier = {"-", *ids[:number]}
        missing = [target for target in step.get("waitFor", []) if target not in earlier]
        found += [f"{ids[number]}: waits for {target!r}, no step before it" for target in missing]
    return found


def _order(build: dict[str, Any], text: str) -> list[str]:
    """Each step of a deployment must wait for all those before it, and for check and test."""
    waits = {step.get("id"): set(step.get("waitFor", [])) for step in build["steps"]}
    deploying = [(step.id, step.deploys) for step in steps(text) if step.deploys]
    if not deploying:
        return []
    if tuple(command for _, command in deploying) != ORDER:
        return [f"deploys by {[command for _, command in deploying]}, not {list(ORDER)}"]

    def all_waits(id_: str) -> set[str]:
        direct = waits.get(id_, set())
        return direct.union(*(all_waits(other) for other in direct if other != id_))

    found, before = [], {"check", "test"}
    for id_, _ in deploying:
        found += [f"{id_}: may start before {other}" for other in sorted(before - all_waits(id_))]
        before.add(id_)
    wrong = MAY_FAIL ^ {step.id for step in steps(text) if step.allow_failure}
    return found + [f"{id_}: whether it may fail is wrong" for id_ in sorted(wrong)]


def _seconds(value: str) -> int:
    return int(value.removesuffix("s"))


def _timeouts(build: dict[str, Any], text: str) -> list[str]:
    found = [f"{step['id']}: no timeout" for step in build["steps"] if "timeout" not in step]
    total = sum(_seconds(step["timeout"]) for step in build["steps"] if "timeout" in step)
    limit = _seconds(build.get("timeout", "600s"))
    if not total <= limit <= LONGEST_BUILD:
        found.append(f"the build is cut off after {limit} s, its steps may take {total} s")
    return found


def _account(build: dict[str, Any], text: str) -> list[str]:
    # Both triggers name an account of their own (terraform/build.tf).
    options = build.get("options", {})
    if options.get("logging") in ("CLOUD_LOGGING_ONLY", "NONE") or "logsBucket" in build:
        return []
    return ["an account of one's own needs logging: CLOUD_LOGGING_ONLY"]


def _images(build: dict[str, Any], text: str) -> list[str]:
    names = {step["name"] for step in build["steps"]}
    return [
        f"{name}: name a version of the image"
        for name in sorted(names)
        if not re.search(r":\d+\.\d+", name)
    ]


def _commands(build: dict[str, Any], text: str) -> list[str]:
    found = []
    for step in steps(text):
        if step.entrypoint != TINYCOPY:
            continue
        if step.args[0] != "deploy":
            found.append(f"{step.id}: tinycopy {step.args[0]} is no command of a deployment")
            continue
        words = [USED.sub("given", word) for word in step.args[1:]]
        try:
            cli.parser().parse_args(words)
        except SystemExit:
            found.append(f"{step.id}: tinycopy {shlex.join(step.args)} does not parse")
    return found


def replay(
    text: str,
    substitutions: dict[str, str],
    run: Callable[[list[str]], int],
    extra: dict[str, list[str]],
) -> dict[str, int]:
    """Runs each `tinycopy` step in order as Cloud Build does; the exit status of those that ran.

    `extra`: words added to a command, by its name. Other steps (make) are taken to have passed.
    """
    statuses: dict[str, int] = {}
    for step in steps(text):
        if step.deploys is None:
            continue
        words = [USED.sub(lambda found: substitutions[found[1] or found[2]], w) for w in step.args]
        statuses[step.id] = run(words + extra.get(step.deploys, []))
        if statuses[step.id] and not step.allow_failure:
            break
    return statuses
