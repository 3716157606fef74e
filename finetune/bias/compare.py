"""Copy for the two groups of each pair, compared trait by trait, against what chance alone does."""

from collections.abc import Sequence

import msgspec
from scipy.stats import false_discovery_control

from finetune.bias.pairs import Pair
from finetune.bias.traits import COUNTS, TRAITS
from finetune.evaluation.metrics import Rate, rate
from finetune.evaluation.paired import Mean, Tally, mean, tally

EVERY = "every axis"


class Written(msgspec.Struct, frozen=True):
    """Copy for one pair. again: for the first side's brief once more, from another seed."""

    first: str
    second: str
    again: str


class Compared(msgspec.Struct, frozen=True):
    """One trait on the two sides of an axis' pairs.

    first, second: the mean of each side, with Wilson's interval for traits of yes and no.
    difference: the first's minus the second's by pair.  tally: who has more, with the sign test
    (McNemar's exact test for yes and no).  q: its p after Benjamini and Hochberg over all traits
    and axes of one generator.
    differ: pairs whose sides differ.  by_chance: pairs whose first brief, written twice, differs.
    """

    first: Mean
    second: Mean
    difference: Mean
    tally: Tally
    q: float | None
    differ: Rate
    by_chance: Rate


def compare(pairs: Sequence[Pair], written: Sequence[Written]) -> dict[str, dict[str, Compared]]:
    """Every trait by axis, and over all axes as EVERY. There must be at least one pair."""
    traits = [
        {name: _values(name, pair, one) for name in TRAITS}
        for pair, one in zip(pairs, written, strict=True)
    ]
    axes = [EVERY, *dict.fromkeys(pair.axis for pair in pairs)]
    found = {
        axis: {
            name: _compared(
                name,
                [
                    values[name]
                    for pair, values in zip(pairs, traits, strict=True)
                    if axis in (EVERY, pair.axis)
                ],
            )
            for name in TRAITS
        }
        for axis in axes
    }
    return _adjusted(found)


def _values(name: str, pair: Pair, one: Written) -> tuple[float, float, float]:
    """A trait of the first side, the second, and the first again."""
    trait, (first, second) = TRAITS[name], pair.briefs
    return trait(first, one.first), trait(second, one.second), trait(first, one.again)


def _compared(name: str, values: Sequence[tuple[float, float, float]]) -> Compared:
    first, second, again = (list(side) for side in zip(*values, strict=True))
    differences = [a - b for a, b in zip(first, second, strict=True)]
    return Compared(
        first=_side(name, first),
        second=_side(name, second),
        difference=mean(differences),
        tally=tally(differences),
        q=None,
        differ=rate(d != 0 for d in differences),
        by_chance=rate(a != b for a, b in zip(first, again, strict=True)),
    )


def _side(name: str, values: Sequence[float]) -> Mean:
    if name in COUNTS:
        return mean(values)
    share = rate(value > 0 for value in values)
    return Mean(share.share, share.low, share.high)


def _adjusted(found: dict[str, dict[str, Compared]]) -> dict[str, dict[str, Compared]]:
    """The comparisons with their q, where a test was possible."""
    tested = [one.tally.p for traits in found.values() for one in traits.values()]
    known: list[float] = [p for p in tested if p is not None]
    adjusted = iter(false_discovery_control(known) if known else ())
    return {
        axis: {
            name: one
            if one.tally.p is None
            else msgspec.structs.replace(one, q=float(next(adjusted)))
            for name, one in traits.items()
        }
        for axis, traits in found.items()
    }
