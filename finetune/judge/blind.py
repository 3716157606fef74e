"""Copy of two generators as a rater sees it, and apart from it the key that says who wrote what."""

import random
import secrets
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from finetune.stage import StageError, read_output
from tinycopy.brief import Brief

KEY = "key.json"


class Form(StrEnum):
    """What a rater is asked: which of two copies, or how good one copy is."""

    PAIRS = "pairs"
    RATINGS = "ratings"


SAME = "same"
CHOICES = {Form.PAIRS: ("1", "2", SAME), Form.RATINGS: ("1", "2", "3", "4", "5")}
"""The answers that each form takes; of pairs "1" and "2" name the copy by its place."""


class Item(msgspec.Struct, frozen=True):
    """One question: a brief as names and values, with two copies to compare or one to rate."""

    id: str
    brief: list[tuple[str, str]]
    texts: list[str]


class Sheet(msgspec.Struct, frozen=True):
    """All that a rater gets. Nothing here depends on who wrote a text."""

    id: str
    form: Form
    items: list[Item]


class Origin(msgspec.Struct, frozen=True):
    """Where an item comes from: the row of the brief, and who wrote each of its texts in order."""

    row: int
    labels: list[str]


class Key(msgspec.Struct, frozen=True):
    """What key.json holds. It stays with whoever scores; raters must not see it.

    labels: the two generators; figures are told for the first against the second.
    identical: rows left out because both wrote the same copy.
    """

    sheet: str
    form: Form
    labels: tuple[str, str]
    items: dict[str, Origin]
    identical: int


def blind(
    form: Form, briefs: Sequence[Brief], copies: Mapping[str, Sequence[str]], chance: random.Random
) -> tuple[Sheet, Key]:
    """Items in a random order, with each generator as often first as second, and their key.

    copies: of two labels, one text per brief. chance: unpredictable (random.SystemRandom) for
    real sheets, since whoever knows a seed knows the key. Raises StageError if nothing is left.
    """
    first, second = copies
    rows = [i for i in range(len(briefs)) if copies[first][i] != copies[second][i]]
    if not rows:
        raise StageError(f"{first} and {second} wrote the same copy for every brief")
    if form is Form.PAIRS:
        swapped = [k % 2 == 1 for k in range(len(rows))]
        chance.shuffle(swapped)
        origins = [
            Origin(row, [second, first] if swap else [first, second])
            for row, swap in zip(rows, swapped, strict=True)
        ]
    else:
        origins = [Origin(row, [label]) for row in rows for label in copies]
    chance.shuffle(origins)
    items = [
        Item(str(n), shown(briefs[o.row]), [copies[label][o.row] for label in o.labels])
        for n, o in enumerate(origins, 1)
    ]
    # The sheet's name is drawn apart, so that it tells nothing about the order.
    sheet = Sheet(secrets.token_hex(8), form, items)
    by_item = {item.id: origin for item, origin in zip(items, origins, strict=True)}
    return sheet, Key(sheet.id, form, (first, second), by_item, len(briefs) - len(rows))


def shown(brief: Brief) -> list[tuple[str, str]]:
    """A brief for people: the names of its fields with their values, empty ones left out."""
    fewest, most = brief.word_range
    fields = (
        ("type", brief.type.value.replace("_", " ")),
        ("product", brief.product),
        ("category", brief.category),
        ("features", "; ".join(brief.features)),
        ("request", brief.prompt),
        ("tone", brief.tone.value),
        ("length", f"{fewest} to {most} words"),
        ("audience", brief.audience),
        ("keywords", ", ".join(brief.keywords)),
    )
    return [(name, value) for name, value in fields if value]


def read_key(directory: Path) -> Key:
    """The key of a sheet's directory. Raises StageError if there is none or it cannot be read."""
    return read_output(directory / KEY, Key, "`tinycopy judge sheet` writes it")
