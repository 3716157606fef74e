"""Read a deck, say what became of its rows, and write it out clean.

The deck is a file (JSON Lines, CSV or Parquet), a directory of them, or a data set of the
Hugging Face hub. Without DATA it is the deck that comes with tinycopy. A recipe's [deck] table
maps the columns of other data; docs/data.md explains it.
"""

import argparse
import gzip
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from finetune.deck import Deck, DeckError, DeckSettings, load_deck
from finetune.deck_report import tables
from finetune.rows import Row
from finetune.sources import SPLITS
from finetune.stage import run_stage, say


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command. Raises StageError when the deck cannot be read or written."""
    arguments = _parser().parse_args(argv)
    settings = deck_settings(arguments.recipe, arguments.data, arguments.strict)
    deck = load_deck(settings)
    for row in deck.report.bad_rows:
        say(f"bad row: {row}")
    say(tables(deck.report))
    if arguments.out is not None:
        run_stage(
            "deck",
            arguments.out,
            inputs=deck.report.inputs,
            settings=settings,
            work=lambda directory: write_deck(deck, directory),
            resumable=False,
        )
        say(f"written to {arguments.out}")


def write_deck(deck: Deck, directory: Path) -> Mapping[str, Any]:
    """Write each split that has rows as `<split>.jsonl.gz`; the report, as a stage's metrics.

    The bytes depend on the rows alone. Reading the directory again gives the same deck.
    """
    for split in SPLITS:
        rows: tuple[Row, ...] = getattr(deck, split)
        if rows:
            lines = b"".join(_line(row) for row in rows)
            (directory / f"{split}.jsonl.gz").write_bytes(gzip.compress(lines, mtime=0))
    report: dict[str, Any] = msgspec.to_builtins(deck.report)
    return report | {"digest": deck.digest}


def _line(row: Row) -> bytes:
    brief: dict[str, Any] = msgspec.to_builtins(row.brief)
    kept = {field: value for field, value in brief.items() if value not in (None, [])}
    return msgspec.json.encode(kept | {"copy": row.copy}) + b"\n"


def deck_settings(
    recipe: Path | None, data: str | None = None, strict: bool = False
) -> DeckSettings:
    """The settings in the [deck] table of a recipe's file, with what is given put over them.

    Raises DeckError naming the file and the setting that is unknown or out of range.
    """
    table: dict[str, Any] = {}
    if recipe is not None:
        try:
            table = dict(tomllib.loads(recipe.read_text(encoding="utf-8")).get("deck", {}))
        except (OSError, ValueError) as error:
            raise DeckError(f"{recipe}: {error}") from error
    if data is not None:
        table.pop("files", None)
        table["path"] = data
    if strict:
        table["strict"] = True
    try:
        return msgspec.convert(table, DeckSettings)
    except msgspec.ValidationError as error:
        raise DeckError(f"{recipe or 'deck'}: [deck]: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tinycopy deck",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", nargs="?", metavar="DATA", help="file, directory or hub id")
    parser.add_argument("--recipe", type=Path, help="take the settings from this recipe's [deck]")
    parser.add_argument("--out", type=Path, help="write the clean splits to this directory")
    parser.add_argument("--strict", action="store_true", help="fail at bad rows")
    return parser
