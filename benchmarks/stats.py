"""Medians, spread and ratios of repeated measurements."""

import random
import statistics
from collections.abc import Sequence

import msgspec
import numpy

RESAMPLES = 2000


class Spread(msgspec.Struct, frozen=True):
    """A sample in its own unit: how many, the median, and quantiles."""

    count: int
    median: float
    p25: float
    p75: float
    p95: float
    p99: float
    least: float
    most: float


class Ratio(msgspec.Struct, frozen=True):
    """How many times one side is the other: the ratio of medians with its 95 % interval."""

    value: float
    low: float
    high: float


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0-1) of the values lie, between neighbours by line.

    Raises ValueError if there are none.
    """
    if not values:
        raise ValueError("a quantile needs at least one value")
    return float(numpy.quantile(values, share))


def spread(values: Sequence[float]) -> Spread:
    """What is told of a sample. Raises ValueError if it is empty."""
    return Spread(
        count=len(values),
        median=quantile(values, 0.5),
        p25=quantile(values, 0.25),
        p75=quantile(values, 0.75),
        p95=quantile(values, 0.95),
        p99=quantile(values, 0.99),
        least=min(values),
        most=max(values),
    )


def growth(samples: Sequence[float], warm: int) -> float | None:
    """By what share samples grew in time after the first `warm` of them, which are left out.

    Of the median of the next three and that of the last three; None if that is not six samples,
    too few to tell.
    """
    kept = samples[warm:]
    if len(kept) < 6:
        return None
    return statistics.median(kept[-3:]) / statistics.median(kept[:3]) - 1


def ratio(above: Sequence[float], below: Sequence[float], seed: int = 1) -> Ratio:
    """Median of `above` over median of `below`, both measured in the same rounds.

    The interval is a bootstrap over rounds (percentiles of RESAMPLES draws), so that what slowed a
    whole round does not widen it. Raises ValueError unless both have one value for each round.
    """
    rounds = list(zip(above, below, strict=True))
    if not rounds:
        raise ValueError("a ratio needs at least one round")
    chance = random.Random(seed)
    drawn = [_ratio(chance.choices(rounds, k=len(rounds))) for _ in range(RESAMPLES)]
    return Ratio(_ratio(rounds), quantile(drawn, 0.025), quantile(drawn, 0.975))


def _ratio(rounds: Sequence[tuple[float, float]]) -> float:
    above = statistics.median(one for one, _ in rounds)
    return above / statistics.median(other for _, other in rounds)
