"""Two sides compared row by row: who is ahead how often, by how much, and could it be chance."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
from scipy.stats import binomtest, t

from finetune.evaluation.metrics import Rate, rate


class Tally(msgspec.Struct, frozen=True):
    """Rows that the first side wins, the second wins, and neither does.

    win_rate: the first's wins among decided rows, with the Wilson interval.
    p: of the two-sided exact sign test that both win equally often (on yes/no outcomes: McNemar's
    exact test); None if no row is decided.
    """

    first: int
    second: int
    ties: int
    win_rate: Rate
    p: float | None


class Mean(msgspec.Struct, frozen=True):
    """A mean over rows with its 95 % interval by Student's t; no interval for a single row."""

    mean: float
    low: float | None
    high: float | None


def tally(differences: Iterable[float]) -> Tally:
    """Who is ahead in each row, by the sign of the first side minus the second."""
    signs = Counter((d > 0) - (d < 0) for d in differences)
    first, second = signs[1], signs[-1]
    p = float(binomtest(first, first + second).pvalue) if first + second else None
    return Tally(first, second, signs[0], rate([True] * first + [False] * second), p)


def mean(values: Sequence[float]) -> Mean:
    """The mean of at least one value: mean ± t(0.975, n - 1) s / √n."""
    centre = statistics.fmean(values)
    if len(values) < 2:
        return Mean(centre, None, None)
    error = statistics.stdev(values) / len(values) ** 0.5
    half = float(t.ppf(0.975, len(values) - 1)) * error
    return Mean(centre, centre - half, centre + half)
