"""The deck: rows of brief and copy that a teacher learns from, read, cleaned and split.

Not covered here: reading files (sources.py), one row (rows.py), what is near (duplicates.py).
"""

import dataclasses
import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from finetune.deck_report import DeckReport, count_rows
from finetune.rows import BadRow, Columns, FieldError, Row, parse_row, words
from finetune.sources import (
    SPLITS,
    DeckError,
    Hub,
    Source,
    find_sources,
    read_source,
    source_digest,
)
from finetune.splits import Drop, Drops, Placed, carve, deduplicate, separate
from finetune.stage import digest

__all__ = ["SHIPPED", "Deck", "DeckError", "DeckSettings", "Row", "load_deck", "read_shipped"]

SHIPPED = Path(__file__).parent / "deck"
"""The deck that comes with the project; its README.md is the datasheet."""

_LISTED = 20
"""Bad rows that a report names; the others are only counted."""

PARTS: tuple[Literal["witty", "plain"], ...] = ("witty", "plain")
"""Of the shipped deck."""

Share = Annotated[float, Meta(ge=0, lt=1)]


class DeckSettings(Columns, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a deck comes from and what may stay in it: the [deck] table of a recipe.

    path: a file, a directory or an id of the hub; unset, with no `files`, the shipped deck.
    files: split -> path, for splits that lie apart.
    parts: of the shipped deck, to learn from; its test split is of the witty part alone.
    hub_config, hub_revision: of a data set of the hub.
    min_words, max_words: of copy.  word_ranges: also drop copy outside its type's and length's.
    near_duplicate: Jaccard similarity of character shingles from which texts count as the same.
    valid_share, test_share: of the rows, by product, where the deck lacks that split.
    strict: fail at bad rows instead of skipping and counting them.
    cache_dir: where `datasets` keeps Parquet and hub data; unset, its own default.
    """

    path: str | None = None
    files: dict[Literal["train", "valid", "test"], str] = msgspec.field(default_factory=dict)
    parts: Annotated[tuple[Literal["witty", "plain"], ...], Meta(min_length=1)] = PARTS
    hub_config: str | None = None
    hub_revision: str | None = None
    min_words: Annotated[int, Meta(ge=1)] = 2
    max_words: Annotated[int, Meta(ge=1)] = 120
    word_ranges: bool = True
    near_duplicate: Annotated[float, Meta(gt=0, le=1)] = 0.7
    valid_share: Share = 0.05
    test_share: Share = 0.05
    seed: int = 0
    strict: bool = False
    cache_dir: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.path is not None and self.files:
            raise ValueError("`files`: cannot be combined with `path`; give one of the two")
        if self.parts != PARTS and (self.path is not None or self.files):
            raise ValueError("`parts`: are of the shipped deck; leave `path` and `files` out")
        if self.min_words > self.max_words:
            raise ValueError("`min_words`: is more than `max_words`")
        if self.valid_share + self.test_share >= 1:
            raise ValueError("`valid_share`: with `test_share`, leaves nothing to train on")


class Deck(msgspec.Struct, frozen=True):
    """A deck ready for use: no product and no near-duplicate copy is in two splits."""

    train: tuple[Row, ...]
    valid: tuple[Row, ...]
    test: tuple[Row, ...]
    report: DeckReport

    @property
    def digest(self) -> str:
        """sha256 of the rows of all splits: equal for equal decks, wherever they came from."""
        return digest(msgspec.json.encode([self.train, self.valid, self.test]))


def load_deck(settings: DeckSettings) -> Deck:
    """Read, clean and split a deck.

    Raises DeckError when there is nothing to read, no usable row, too few products to split, a
    mapped column that no row has, or, if `strict`, a bad row.
    """
    sources = _sources(settings)
    drops, bad, read = Drops(), list[BadRow](), dict.fromkeys(SPLITS, 0)
    rows = list[Placed]()
    seen = set[str]()
    for source in sources:
        split = source.split or "train"
        for found in _rows(source, settings, seen):
            read[split] += 1
            if isinstance(found, BadRow):
                bad.append(found)
                drops.add(split, Drop.BAD_ROW)
            elif reason := _length_drop(found, settings):
                drops.add(split, reason)
            else:
                rows.append(Placed(split, found))
    _refuse(settings, sources, bad, rows, seen)
    rows = separate(rows, settings.near_duplicate, drops)
    rows = deduplicate(rows, settings.near_duplicate, drops)
    given = {placed.split for placed in rows}
    shares = {"valid": settings.valid_share, "test": settings.test_share}
    lacking = {split: share for split, share in shares.items() if split not in given}
    rows = carve(rows, lacking, settings.near_duplicate, settings.seed)
    splits = {s: tuple(p.row for p in rows if p.split == s) for s in SPLITS}
    report = DeckReport(
        inputs={s.name: source_digest(s, settings.cache_dir) for s in sources},
        read=read,
        kept={split: len(kept) for split, kept in splits.items()},
        drops={s: {str(r): n for r, n in c.items()} for s, c in drops.counts.items()},
        bad_rows=tuple(bad[:_LISTED]),
        counts={split: count_rows(kept) for split, kept in splits.items()},
    )
    return Deck(**splits, report=report)


def read_shipped(split: str, parts: Sequence[str] = PARTS) -> list[Row]:
    """The rows of one split (`train`, `valid` or `test`) of the shipped deck, in its order."""
    rows = []
    for file in sorted(SHIPPED.glob(f"{split}*.jsonl.gz")):
        if _part(file.name) not in parts:
            continue
        with gzip.open(file, "rb") as lines:
            rows += [parse_row(msgspec.json.decode(line, type=dict[str, object])) for line in lines]
    return rows


def _sources(settings: DeckSettings) -> list[Source]:
    hub = Hub(settings.hub_config, settings.hub_revision)
    if settings.files:
        sources = [s for split, p in settings.files.items() for s in find_sources(p, split, hub)]
    elif settings.path is not None:
        sources = find_sources(settings.path, None, hub)
    else:
        found = [
            dataclasses.replace(source, name=f"shipped/{Path(source.name).name}")
            for source in find_sources(str(SHIPPED))
        ]
        sources = [s for s in found if s.split == "test" or _part(s.name) in settings.parts]
    if all(s.split in ("valid", "test") for s in sources):
        names = ", ".join(s.name for s in sources)
        raise DeckError(f"{names}: there is no training split; name one under `files`")
    return sources


def _part(name: str) -> str:
    """The part of the shipped deck that a file of that name is of."""
    return "plain" if "-plain." in name else "witty"


def _rows(source: Source, settings: DeckSettings, seen: set[str]) -> Iterator[Row | BadRow]:
    """The rows of a source; adds the columns that they have to `seen`."""
    for raw in read_source(source, settings.cache_dir):
        if isinstance(raw, BadRow):
            yield raw
            continue
        seen.update(raw.fields)
        try:
            yield parse_row(settings.pick(raw.fields), settings.group(raw.fields))
        except FieldError as error:
            column = settings.columns.get(error.field or "")
            where = f" (column {column!r})" if column else ""
            yield BadRow(raw.file, raw.line, error.field, error.reason + where)


def _length_drop(row: Row, settings: DeckSettings) -> Drop | None:
    count = words(row.copy)
    if count < settings.min_words:
        return Drop.TOO_FEW_WORDS
    if count > settings.max_words:
        return Drop.TOO_MANY_WORDS
    fewest, most = row.brief.word_range
    if settings.word_ranges and not fewest <= count <= most:
        return Drop.OUTSIDE_RANGE
    return None


def _refuse(
    settings: DeckSettings,
    sources: list[Source],
    bad: list[BadRow],
    rows: list[Placed],
    seen: set[str],
) -> None:
    """Raise DeckError for what would make the rest pointless."""
    for field, column in settings.columns.items():
        if seen and column not in seen:
            raise DeckError(
                f"columns.{field}: no row has a column {column!r}; "
                f"the columns are {', '.join(sorted(seen))}"
            )
    listed = "".join(f"\n  {row}" for row in bad[:_LISTED])
    if settings.strict and bad:
        raise DeckError(f"bad rows: {len(bad)}; mend them, or leave `strict` off{listed}")
    if not any(placed.split == "train" for placed in rows):
        names = ", ".join(s.name for s in sources)
        raise DeckError(f"{names}: no usable row to train on; bad rows: {len(bad)}{listed}")
