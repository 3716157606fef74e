"""Results on disk: JSON that the documents are made from, and tables for people."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from benchmarks.machine import Machine
from benchmarks.stats import Ratio, Spread

RESULTS = Path(__file__).with_name("results")
Result = TypeVar("Result", bound=msgspec.Struct)


def save(name: str, result: msgspec.Struct, directory: Path = RESULTS) -> Path:
    """Writes NAME.json into `directory` (made if missing) and returns its path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    return path


def read(name: str, kind: type[Result], directory: Path = RESULTS) -> Result:
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


def middle(values: Spread) -> str:
    """Median with the middle half, of seconds, in ms."""
    return f"{ms(values.median)} ({ms(values.p25)}-{ms(values.p75)})"


def times(value: Ratio) -> str:
    """A ratio with its interval."""
    return f"{value.value:.2f} ({value.low:.2f}-{value.high:.2f})"


def under(tables: str, machine: Machine) -> str:
    """Tables with the machine they were measured on, and a warning if it was busy."""
    warning = "**Provisional: the machine was busy. Trust ratios, not times.** "
    return f"{tables}\n\n{warning if machine.is_busy else ''}{machine.summary}."


def counted(statuses: Mapping[str, int]) -> str:
    """How often each status was answered, in one line."""
    return ", ".join(f"{n:,} x {status}" for status, n in sorted(statuses.items()))


def finish(
    name: str, result: msgspec.Struct, directory: Path, table: str, failures: Sequence[str]
) -> int:
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
