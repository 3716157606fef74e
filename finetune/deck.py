"""The deck: rows of brief and copy that a teacher learns from."""

import gzip
from pathlib import Path

import msgspec

from tinycopy.brief import Brief

SHIPPED = Path(__file__).parent / "deck"
"""The deck that comes with the project; its README.md is the datasheet."""


class Row(msgspec.Struct, frozen=True):
    """One row of a deck.

    group: the product or the prompt of the brief; rows of one group stay in one split.
    """

    brief: Brief
    copy: str
    group: str


def read_shipped(split: str) -> list[Row]:
    """The rows of one split (`train`, `valid` or `test`) of the shipped deck, in its order."""
    rows = []
    with gzip.open(SHIPPED / f"{split}.jsonl.gz", "rb") as lines:
        for line in lines:
            fields = msgspec.json.decode(line, type=dict[str, object])
            copy = fields.pop("copy")
            brief = msgspec.convert(fields, Brief)
            rows.append(Row(brief, str(copy), brief.product or brief.prompt or ""))
    return rows
