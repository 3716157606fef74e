"""The function's settings: environment variables, read once into one frozen table.

`settings_table` is the table as Markdown; docs/settings.md holds it and a test keeps it so.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any


class SettingsError(ValueError):
    """An environment variable whose value cannot be used; the message names it."""


def _text(value: str) -> str:
    return value


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"\d{1,12}", value) or not least <= int(value) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(value)

    return read


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(value: str) -> float:
        if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value) or not least <= float(value) <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return float(value)

    return read


def _switch(value: str) -> bool:
    if value.lower() not in ("true", "false", "1", "0"):
        raise ValueError("true or false")
    return value.lower() in ("true", "1")


def _uri(value: str) -> str:
    name = r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"
    if not re.fullmatch(rf"gs://{name}(/students/[0-9a-f]{{64}})?/?", value):
        raise ValueError("gs://bucket or gs://bucket/students/<64 hexadecimal digits>")
    return value.rstrip("/")


def _origins(value: str) -> tuple[str, ...]:
    origins = tuple(part.strip() for part in value.split(",") if part.strip())
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+", origin):
            raise ValueError("origins such as https://shop.example, with commas between, or *")
    return origins


def _setting(default: Any, read: Callable[[str], Any], doc: str) -> Any:
    return field(default=default, metadata={"read": read, "doc": doc})


@dataclass(frozen=True)
class Settings:
    """One attribute for each environment variable: its name in lower case."""

    model_uri: str | None = _setting(
        None,
        _uri,
        "Where the release lies: `gs://bucket` follows the bucket's pointer, "
        "`gs://bucket/students/<digest>` pins one release. Unset: the embedded release.",
    )
    model_refresh_seconds: float = _setting(
        60.0,
        _number(0, 86400),
        "How often a running instance looks whether the pointer moved; 0: never.",
    )
    download_seconds: float = _setting(
        10.0,
        _number(0.1, 600),
        "Longest time for one download of a release; after it the embedded release serves.",
    )
    load_wait_seconds: float = _setting(
        30.0, _number(0.1, 600), "Longest time that a request waits for the student to load."
    )
    concurrency: int = _setting(
        1,
        _whole(1, 64),
        "Generations at once. Each holds one CPU and one copy of the student: set the number of "
        "vCPUs.",
    )
    queue: int = _setting(
        8,
        _whole(0, 1000),
        "Requests that may wait for their turn; one more gets a 429. functions-framework's own "
        "`THREADS` must exceed `CONCURRENCY` + `QUEUE`, or requests wait there instead.",
    )
    queue_seconds: float = _setting(
        20.0, _number(0.1, 600), "Longest time that a request waits for its turn before its 429."
    )
    candidates: int = _setting(
        16,
        _whole(1, 64),
        "Copies sampled to choose one variant from; two more for each further. Of long copy, first "
        "sentences, and half as many for each next one.",
    )
    temperature: float = _setting(
        0.7, _number(0.05, 2), "Sampling temperature where the request names none."
    )
    top_k: int = _setting(
        20,
        _whole(2, 200),
        "Tokens are sampled from so many of the likeliest, and of those by `TOP_P`.",
    )
    top_p: float = _setting(
        0.95, _number(0.05, 1), "Tokens are sampled from the likeliest that hold this probability."
    )
    repetition_penalty: float = _setting(
        1.2,
        _number(1, 2),
        "By how much a token that the copy already has becomes less likely; 1: not at all.",
    )
    max_body_bytes: int = _setting(
        16384, _whole(256, 1 << 20), "Largest body of a request; a larger one gets a 413."
    )
    request_seconds: float = _setting(
        10.0,
        _number(0.1, 600),
        "Longest time that a request may take to arrive; a slower one gets a 408.",
    )
    cors_origins: tuple[str, ...] = _setting(
        (),
        _origins,
        "Web origins that may call from a browser, with commas between; `*` allows all.",
    )
    log_prompts: bool = _setting(
        False, _switch, "Whether the log holds the briefs and the copy. Off: no text of callers."
    )
    google_cloud_project: str | None = _setting(
        None, _text, "The project's id; with it log entries are tied to their traces."
    )


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`. Empty counts as unset.

    Raises SettingsError naming the variable and what it takes.
    """
    values: dict[str, Any] = {}
    for setting in fields(Settings):
        name = setting.name.upper()
        value = environ.get(name, "").strip()
        if not value:
            continue
        try:
            values[setting.name] = setting.metadata["read"](value)
        except ValueError as error:
            raise SettingsError(f"{name}={value!r}: expected {error}") from None
    return Settings(**values)


def settings_table() -> str:
    """The settings as a Markdown table: variable, default, meaning."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for setting in fields(Settings):
        default = setting.default
        if default is None or default == ():
            shown = "unset"
        else:
            shown = f"`{str(default).lower() if isinstance(default, bool) else f'{default:g}'}`"
        rows.append(f"| `{setting.name.upper()}` | {shown} | {setting.metadata['doc']} |")
    return "\n".join(rows) + "\n"
