"""Says what a Terraform plan would change, for the log of a pull request's build.

Reads `terraform show -json`. Needs nothing but Python, so that its build installs nothing. Exits 1
if the plan would delete or replace what holds data: that is done by hand (docs/operations.md).
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HOLDS_DATA = ("google_storage_bucket", "google_firestore_database", "google_secret_manager_secret")
VERBS = {
    ("create",): "create",
    ("update",): "change",
    ("delete",): "delete",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
}


def summary(plan: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Lines to print, and the addresses with data that would go."""
    lines, lost = [], []
    for change in plan.get("resource_changes", []):
        verb = VERBS.get(tuple(change["change"]["actions"]))
        if verb is None:  # no-op and read change nothing
            continue
        fields = _changed(change["change"]) if verb in ("change", "replace") else []
        lines.append(f"{verb:8}{change['address']}{': ' if fields else ''}{', '.join(fields)}")
        if verb in ("delete", "replace") and change["type"] in HOLDS_DATA:
            lost.append(change["address"])
    return sorted(lines) or ["nothing would change"], lost


def _changed(change: dict[str, Any]) -> list[str]:
    """The fields whose value differs, or is known only after the change; values may be secret."""
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    names = {*before, *after, *(name for name, later in unknown.items() if later)}
    return sorted(
        name for name in names if before.get(name) != after.get(name) or unknown.get(name)
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the summary; 1 if data would be lost."""
    parser = argparse.ArgumentParser(prog="deploy.plan", description=__doc__)
    parser.add_argument("plan", type=Path, help="what `terraform show -json PLAN` printed")
    lines, lost = summary(json.loads(parser.parse_args(argv).plan.read_text("utf-8")))
    print("Merging this would:", *lines, sep="\n  ")
    for address in lost:
        print(f"{address} holds data and would be deleted: do that by hand", file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
