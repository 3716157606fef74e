"""Whose copy is judged: generators that write now, copies that an evaluation saved, the deck's own.

Not covered here: the generators themselves (finetune/generators/).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from finetune.chosen import choose
from finetune.deck import DeckSettings, Row, load_deck, read_shipped
from finetune.evaluation.assess import EvaluateSettings, Written
from finetune.generators.generate import (
    DECK,
    Sampling,
    generator_identity,
    open_generator,
    parse_spec,
)
from finetune.stage import StageError, checked, digest, file_digest, read_metadata


@dataclass(frozen=True)
class Writer:
    """One side of a sheet. digest: of what its copy depends on. write: one text per row."""

    label: str
    digest: str
    write: Callable[[Sequence[Row]], list[str]]


def split_rows(deck: str | None, split: str) -> Sequence[Row]:
    """All rows of a split; of the shipped deck where none is named."""
    if deck is None:
        return read_shipped(split)
    read = load_deck(DeckSettings(path=deck))
    return {"valid": read.valid, "test": read.test}[split]


def generator(text: str, sampling: Sampling, seed: int) -> Writer:
    """A generator named as for `tinycopy evaluate`, or "deck". Raises StageError."""
    if text == DECK:
        return Writer(DECK, "the rows' own copy", lambda rows: [row.copy for row in rows])
    spec = parse_spec(text)

    def write(rows: Sequence[Row]) -> list[str]:
        written = open_generator(spec, sampling).write([row.brief for row in rows], seed=seed)
        return [copies[0].text for copies in written]

    return Writer(spec.label, generator_identity(spec), write)


def saved(path: Path, rows: Sequence[Row], split: str) -> Writer:
    """Copies that `tinycopy evaluate` left in its output as copies/LABEL.json.

    rows: all of the split, to see that the evaluation was of these. Raises StageError if it was
    of others, or later if it has fewer rows than asked for.
    """
    evaluation = read_metadata(path.parent.parent)
    if evaluation.stage != "evaluate":
        raise StageError(f"{path}: not copies of `tinycopy evaluate`, but of {evaluation.stage}")
    settings = checked(evaluation.settings, EvaluateSettings)
    chosen = choose(rows, settings.limit)
    if evaluation.inputs.get("rows") != digest(msgspec.json.encode(chosen)):
        raise StageError(
            f"{path}: copies for other rows than the {split} split of this deck; its evaluation "
            f"took the {settings.split} split; name that by --split, and its deck by --deck"
        )
    identity = file_digest(path)
    try:
        copies = msgspec.json.decode(path.read_bytes(), type=Written).copies
    except msgspec.DecodeError as error:
        raise StageError(f"{path}: {error}; give a file of an evaluation's copies/") from error

    def write(wanted: Sequence[Row]) -> list[str]:
        if len(wanted) > len(copies):
            raise StageError(f"{path}: has copy for {len(copies)} rows; ask for --limit less")
        # A smaller limit's rows are the first of a larger one's.
        return [copy.text for copy in copies[: len(wanted)]]

    return Writer(path.stem, identity, write)
