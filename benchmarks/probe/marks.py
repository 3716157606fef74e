"""Writes marks: a name and the machine's monotonic clock in nanoseconds, one line each."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FILE = os.environ.get("MARKS")


def mark(name: str, nanoseconds: int | None = None) -> None:
    """Appends a mark: the time now, or a duration."""
    if FILE is not None:
        with Path(FILE).open("a") as file:
            file.write(f"{name} {time.monotonic_ns() if nanoseconds is None else nanoseconds}\n")


def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """`call`, which also marks how long each of its calls took."""

    def wrapped(*values: Any, **named: Any) -> Any:
        start = time.monotonic_ns()
        try:
            return call(*values, **named)
        finally:
            mark(name, time.monotonic_ns() - start)

    return wrapped
