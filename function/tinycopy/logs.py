"""The log: one line of JSON on standard output for each event, as Cloud Logging reads it.

It holds no text of callers unless LOG_PROMPTS is on; that is decided where an entry is made.
"""

import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
from werkzeug.datastructures import Headers

_WRITING = threading.Lock()
_CLOUD_TRACE = re.compile(r"([0-9a-f]{32})(?:/\d+)?(?:;.*)?")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")


class Severity(StrEnum):
    """Cloud Logging's severities, those that we use."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


def write(severity: Severity, message: str, **fields: Any) -> None:
    """Writes one entry; fields that are None are left out."""
    entry = {
        "severity": severity,
        "message": message,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        **{name: value for name, value in fields.items() if value is not None},
    }
    line = msgspec.json.encode(entry) + b"\n"
    with _WRITING:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


def write_exception(message: str, error: BaseException, **fields: Any) -> None:
    """Writes an error with where it was raised, but not its text: that may quote a caller's."""
    frames = traceback.extract_tb(error.__traceback__)
    stack = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    write(Severity.ERROR, message, error=type(error).__name__, stack=stack, **fields)


def trace(headers: Headers, project: str | None) -> dict[str, str]:
    """The field that ties an entry to its trace, from X-Cloud-Trace-Context or traceparent."""
    match = _CLOUD_TRACE.fullmatch(headers.get("X-Cloud-Trace-Context", ""))
    match = match or _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    if match is None:
        return {}
    name = f"projects/{project}/traces/{match[1]}" if project else match[1]
    return {"logging.googleapis.com/trace": name}
