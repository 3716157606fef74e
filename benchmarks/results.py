"""Results on disk: JSON that the documents are made from, and tables for people."""

import argparse
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from benchmarks.machine import Machine
from benchmarks.served import EMBEDDED
from benchmarks.stats import Ratio, Spread
from tinycopy import manifest

RESULTS = Path(__file__).with_name("results")
SHOWN = 12
"""Digits of a digest in a document."""


class Result(msgspec.Struct, frozen=True):
    """What every result says: where, when and at which commit it was measured, of which release."""

    machine: Machine
    release: str


_Kind = TypeVar("_Kind", bound=Result)


def save(name: str, result: Result, directory: Path = RESULTS) -> Path:
    """Writes NAME.json into `directory` (made if missing) and returns its path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    return path


def read(name: str, kind: type[_Kind], directory: Path = RESULTS) -> _Kind:
    """The saved result. Raises OSError or msgspec.ValidationError if there is none of that kind."""
    return msgspec.json.decode((directory / f"{name}.json").read_bytes(), type=kind)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first stand to the right."""
    rule = ["---", *("---:" for _ in header[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))


def ms(seconds: float) -> str:
    """Seconds as milliseconds."""
    return f"{1000 * seconds:,.0f}" if seconds >= 0.01 else f"{1000 * seconds:.1f}"


def mib(size: float) -> str:
    """Bytes as MiB."""
    return f"{size / 2**20:,.0f}"


def middle(values: Spread, show: Callable[[float], str] = ms) -> str:
    """Median with the middle half; of seconds, in ms, or as `show` has it."""
    return f"{show(values.median)} ({show(values.p25)}-{show(values.p75)})"


def times(value: Ratio) -> str:
    """A ratio with its interval."""
    return f"{value.value:.2f} ({value.low:.2f}-{value.high:.2f})"


def digest(name: str, directory: Path = RESULTS) -> str:
    """The sha256 of a saved result, which names that run. Raises OSError if there is none."""
    return hashlib.sha256((directory / f"{name}.json").read_bytes()).hexdigest()


def embedded_digest() -> str:
    """The digest of the embedded release."""
    return manifest.digest((EMBEDDED / manifest.MANIFEST).read_bytes())


def of_release(*digests: str) -> str:
    """Which releases were measured, and the embedded one if it is not among them all alone."""
    embedded = embedded_digest()
    named = " and ".join(f"`{one[:SHOWN]}`" for one in dict.fromkeys(digests))
    told = f"Release {named}"
    return told if set(digests) == {embedded} else f"{told}, not the embedded `{embedded[:SHOWN]}`"


def under(tables: str, result: Result) -> str:
    """Tables with the release and the machine they are of, and a warning if that was busy."""
    warning = "**Provisional: the machine was busy. Trust ratios, not times.** "
    busy = warning if result.machine.is_busy else ""
    return f"{tables}\n\n{busy}{of_release(result.release)}; {result.machine.summary}."


def grown(growth: float | None) -> str:
    """Growth of memory as a share, for tables."""
    return "too short to tell" if growth is None else f"{growth:+.1%}"


def grew(growth: float | None, most: float) -> list[str]:
    """Why growth of memory is no good result; empty if it is below `most`."""
    if growth is None:
        return ["resident memory: too short to tell whether it grows"]
    return [f"resident memory grew by {growth:.1%}"] if growth >= most else []


def counted(statuses: Mapping[str, int]) -> str:
    """How often each status was answered, in one line."""
    return ", ".join(f"{n:,} x {status}" for status, n in sorted(statuses.items()))


def finish(name: str, result: Result, directory: Path, table: str, failures: Sequence[str]) -> int:
    """Saves the result and prints it with what failed; the exit status, 1 if anything did."""
    save(name, result, directory)
    print(table, *failures, sep="\n")
    return 1 if failures else 0


def parser(command: str, doc: str | None) -> argparse.ArgumentParser:
    """A benchmark's options; --out is common to all."""
    found = argparse.ArgumentParser(prog=f"python -m benchmarks.{command}", description=doc)
    found.add_argument(
        "--out", type=Path, default=RESULTS, help="directory of the JSON and the plot"
    )
    return found
