"""The probe's briefs, as briefs.jsonl holds them, and what copy for them scores by slice."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from finetune.evaluation.metrics import Rate, check_rates, rate
from tinycopy.brief import Brief
from tinycopy.checks import run_checks

FILE = Path(__file__).with_name("briefs.jsonl")
ALL = "all"
"""Stands for all slices together."""


class ProbeBrief(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A brief, and the slice that it is of: what is unusual about it."""

    slice: str
    brief: Brief


class SliceScores(msgspec.Struct, frozen=True):
    """What copy for the briefs of one slice scores, with 95 % intervals."""

    rows: int
    all_checks: Rate
    checks: dict[str, Rate]


def read_probe() -> list[ProbeBrief]:
    """The shipped probe."""
    return [msgspec.json.decode(line, type=ProbeBrief) for line in FILE.read_bytes().splitlines()]


def score_probe(probe: Sequence[ProbeBrief], texts: Sequence[str]) -> dict[str, SliceScores]:
    """The scores of one text per brief: of ALL, then of each slice in the order of the probe.

    Raises ValueError if there are more or fewer texts.
    """
    results = [
        (one.slice, run_checks(one.brief, text)) for one, text in zip(probe, texts, strict=True)
    ]
    scores = {}
    for name in dict.fromkeys([ALL, *(one.slice for one in probe)]):
        of_slice = [result for slice_, result in results if name in (ALL, slice_)]
        passes = rate(all(result.values()) for result in of_slice)
        scores[name] = SliceScores(len(of_slice), passes, check_rates(of_slice))
    return scores
