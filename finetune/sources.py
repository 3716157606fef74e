"""Where a deck comes from: files, a directory or a data set of the Hugging Face hub.

Parquet and the hub are read through `datasets`; JSON Lines and CSV are not, because its json and
csv builders stop at the first bad row and do not know its line.
"""

import csv
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast

import msgspec

from finetune.rows import BadRow
from finetune.stage import StageError, file_digest

SPLITS = ("train", "valid", "test")
SUFFIXES = (".jsonl", ".ndjson", ".csv", ".parquet")

_SPLIT_WORDS = {
    "train": ("train", "training"),
    "valid": ("valid", "validation", "val", "dev"),
    "test": ("test",),
}
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


class DeckError(StageError):
    """A deck that cannot be used, and what to do about it."""


@dataclass(frozen=True)
class Hub:
    """Which of a hub data set's configurations and revisions is meant; None for its default."""

    config: str | None = None
    revision: str | None = None


@dataclass(frozen=True)
class RawRow:
    """One row as it stands in a file; `line` as in BadRow."""

    file: str
    line: int
    fields: dict[str, object]


@dataclass(frozen=True)
class Source:
    """A file of a deck, or one split of a data set of the hub, before it is read.

    name: what errors and reports call it.  split: the split that it was given as; None if none.
    """

    name: str
    split: str | None
    file: Path | None = None
    hub_id: str = ""
    hub_split: str = ""
    hub: Hub = Hub()


def find_sources(path: str, split: str | None = None, hub: Hub | None = None) -> list[Source]:
    """The sources at a path: a file, a directory of files, or else an id of the hub.

    In a directory, and on the hub, the names tell the splits (`train`, `valid`, `validation`,
    `val`, `dev`, `test`). Raises DeckError when there is nothing to read.
    """
    place = Path(path).expanduser()
    if place.is_dir():
        files = [f for f in sorted(place.rglob("*")) if f.is_file() and _suffix(f) in SUFFIXES]
        if not files:
            raise DeckError(f"{path}: the directory holds no {', '.join(SUFFIXES)} file")
        return [Source(str(f), split or _named_split(f.name), f) for f in files]
    if place.is_file():
        if _suffix(place) not in SUFFIXES:
            raise DeckError(f"{path}: is not one of {', '.join(SUFFIXES)} (.gz may follow)")
        return [Source(path, split, place)]
    if _suffix(place) in SUFFIXES or not _HUB_ID.fullmatch(path):
        raise DeckError(f"{path}: there is no such file or directory")
    return _hub_sources(path, split, hub or Hub())


def read_source(source: Source, cache_dir: str | None) -> Iterator[RawRow | BadRow]:
    """The rows of one source in order; lines that are no row come as BadRow.

    Raises DeckError when the source as a whole cannot be read.
    """
    if source.file is None:
        options = {"name": source.hub.config, "revision": source.hub.revision}
        table = _load(source.hub_id, split=source.hub_split, cache_dir=cache_dir, **options)
        yield from _table_rows(source.name, table)
    elif _suffix(source.file) == ".parquet":
        files = [str(source.file.resolve())]
        table = _load("parquet", data_files=files, split="train", cache_dir=cache_dir)
        yield from _table_rows(source.name, table)
    else:
        parse = _csv_rows if _suffix(source.file) == ".csv" else _json_rows
        try:
            with _open(source.file) as lines:
                yield from parse(source.name, lines)
        except (OSError, EOFError, zlib.error) as error:
            raise DeckError(f"{source.name}: cannot be read: {error}") from error


def source_digest(source: Source, cache_dir: str | None) -> str:
    """The sha256 of a file's bytes, or of a hub split's rows as JSON."""
    if source.file is not None:
        return file_digest(source.file)
    rows = (raw.fields for raw in read_source(source, cache_dir) if isinstance(raw, RawRow))
    sha256 = hashlib.sha256()
    for row in rows:
        sha256.update(msgspec.json.encode(row))
    return sha256.hexdigest()


def _hub_sources(hub_id: str, split: str | None, hub: Hub) -> list[Source]:
    from datasets import get_dataset_split_names

    try:
        names = get_dataset_split_names(hub_id, hub.config, revision=hub.revision)
    except Exception as error:  # the hub's client raises whatever its transport does
        advice = "give a file, a directory, or the id of a data set of the hub that can be reached"
        raise DeckError(f"{hub_id}: {type(error).__name__}: {error}; {advice}") from error
    return [
        Source(
            f"{hub_id}/{name}",
            split or _named_split(name),
            hub_id=hub_id,
            hub_split=name,
            hub=hub,
        )
        for name in names
    ]


def _load(builder: str, **options: Any) -> Any:
    """`datasets.load_dataset`, imported late: it takes seconds."""
    from datasets import load_dataset

    try:
        return load_dataset(builder, **options)
    except Exception as error:  # builders wrap pandas, pyarrow and transport errors unevenly
        what = (options.get("data_files") or [builder])[0]
        cause = error.__cause__ or error
        raise DeckError(f"{what}: cannot be read: {type(cause).__name__}: {cause}") from error


def _open(file: Path) -> TextIO:
    """A file's lines, ends kept. Bytes that are not UTF-8 become U+FFFD, which rows.py refuses."""
    packed = file.suffix == ".gz"
    lines = (gzip.open if packed else open)(
        file, "rt", encoding="utf-8-sig", errors="replace", newline="\n"
    )
    return cast(TextIO, lines)


def _json_rows(name: str, lines: Iterable[str]) -> Iterator[RawRow | BadRow]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield RawRow(name, number, msgspec.json.decode(line, type=dict[str, object]))
        except msgspec.ValidationError:
            yield BadRow(name, number, None, "is not a JSON object")
        except msgspec.DecodeError as error:
            yield BadRow(name, number, None, f"is not JSON: {error}")


def _csv_rows(name: str, lines: Iterable[str]) -> Iterator[RawRow | BadRow]:
    reader = csv.reader(lines, strict=True)
    header: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(name, line, None, f"is not CSV: {error}")
            continue
        if header is None:
            header = [cell.strip() for cell in cells]
        elif cells and len(cells) != len(header):
            reason = f"has {len(cells)} cells where the header has {len(header)}"
            yield BadRow(name, line, None, reason)
        elif cells:
            yield RawRow(name, line, dict(zip(header, cells, strict=True)))


def _table_rows(name: str, table: Any) -> Iterator[RawRow | BadRow]:
    for number, row in enumerate(table, 1):
        yield RawRow(name, number, row)


def _suffix(path: Path) -> str:
    return path.with_suffix("").suffix.lower() if path.suffix == ".gz" else path.suffix.lower()


def _named_split(name: str) -> str | None:
    parts = re.split(r"[^a-z]+", name.lower())
    return next((s for s, names in _SPLIT_WORDS.items() if set(names) & set(parts)), None)
