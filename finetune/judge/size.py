"""How many comparisons a sign test needs to find a difference of a given size."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

from finetune.stage import StageError

LEVEL, POWER = 0.05, 0.8
_LEAST, _MOST = 0.51, 0.99


def power(comparisons: int, win_rate: float, level: float = LEVEL) -> float:
    """The chance that a two-sided exact sign test on so many comparisons rejects "no difference".

    comparisons: decided ones, without ties. win_rate: the true share that one side wins.
    """
    return float(_power(np.array([comparisons]), win_rate, level)[0])


def needed(
    win_rate: float, *, power: float = POWER, level: float = LEVEL, ties: float = 0.0
) -> int:
    """Comparisons from which on the test's power never falls below `power`.

    ties: the share of comparisons without a winner; they are asked for on top. Exact: binomial
    probabilities, searched up to twice the normal approximation
    ((z_level/2 / 2 + z_power √(p (1 - p))) / (p - 1/2))². Raises StageError for values out of
    range.
    """
    for name, value, low, high in (
        ("win rate", win_rate, _LEAST, _MOST),
        ("power", power, 0.5, 0.99),
        ("level", level, 0.001, 0.2),
        ("ties", ties, 0.0, 0.95),
    ):
        if not low <= value <= high:
            raise StageError(f"{name} {value:g}: give a share from {low:g} to {high:g}")
    spread = norm.isf(level / 2) / 2 + norm.ppf(power) * math.sqrt(win_rate * (1 - win_rate))
    most = 2 * math.ceil((spread / (win_rate - 0.5)) ** 2) + 50
    counts = np.arange(1, most + 1)
    weak = counts[_power(counts, win_rate, level) < power]
    return math.ceil((int(weak[-1]) + 1) / (1 - ties))


def _power(counts: NDArray[np.int_], win_rate: float, level: float) -> NDArray[np.float64]:
    """The test rejects at `most` losses or wins and fewer; -1 where nothing is extreme enough."""
    most = binom.ppf(level / 2, counts, 0.5)
    most = np.where(binom.cdf(most, counts, 0.5) > level / 2, most - 1, most)
    extreme = binom.cdf(most, counts, win_rate) + binom.sf(counts - most - 1, counts, win_rate)
    return np.asarray(extreme)
