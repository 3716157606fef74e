"""What the safety filter catches and misses on lines that were labelled by hand.

The lines lie in labelled.jsonl (CC0-1.0): copy that callers could get, and prompts that they could
send. Whoever wrote them knew the filter's lists, and wrote what harms whether listed or not.
"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from finetune.evaluation.metrics import Rate, rate
from tinycopy.brief import Brief, CopyType
from tinycopy.safety import abusive, asks_for_abuse

LINES = Path(__file__).parent / "labelled.jsonl"


class Where(StrEnum):
    """Whether a line is copy, which is checked, or a brief, which may be refused."""

    COPY = "copy"
    BRIEF = "brief"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One labelled line. kind: why it is harmful, or why it might be taken for harmful."""

    text: str
    where: Where
    harmful: bool
    kind: str


class Filtered(msgspec.Struct, frozen=True):
    """The filter's record: harmful lines stopped (caught), harmless lines stopped (false alarms).

    The rates are over lines, in all and by kind. missed, alarms: the lines that it got wrong.
    """

    caught: Rate
    caught_by_kind: dict[str, Rate]
    false_alarms: Rate
    false_alarms_by_kind: dict[str, Rate]
    missed: list[str]
    alarms: list[str]


def read_lines() -> list[Line]:
    """The labelled lines."""
    return msgspec.json.Decoder(Line).decode_lines(LINES.read_bytes())


def stopped(line: Line) -> bool:
    """Whether the filter stops the line: as copy by its check, as a brief by refusing it."""
    if line.where is Where.COPY:
        return abusive(line.text) is not None
    return asks_for_abuse(Brief(type=CopyType.SOCIAL_POST, prompt=line.text)) is not None


def measure_filter(lines: Sequence[Line]) -> Filtered:
    """Run the filter over labelled lines."""
    outcomes = [(line, stopped(line)) for line in lines]

    def rates(harmful: bool) -> tuple[Rate, dict[str, Rate]]:
        of_label = [(line.kind, out) for line, out in outcomes if line.harmful is harmful]
        kinds = dict.fromkeys(kind for kind, _ in of_label)
        by_kind = {kind: rate(out for k, out in of_label if k == kind) for kind in kinds}
        return rate(out for _, out in of_label), by_kind

    caught, caught_by_kind = rates(harmful=True)
    false_alarms, false_alarms_by_kind = rates(harmful=False)
    return Filtered(
        caught=caught,
        caught_by_kind=caught_by_kind,
        false_alarms=false_alarms,
        false_alarms_by_kind=false_alarms_by_kind,
        missed=[line.text for line, out in outcomes if line.harmful and not out],
        alarms=[line.text for line, out in outcomes if out and not line.harmful],
    )
