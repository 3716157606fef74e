"""How far raters agree beyond chance: Krippendorff's alpha.

Written here because the packages that compute it are under the GPL.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Level(StrEnum):
    """What the difference between two values means."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"


def alpha(units: Sequence[Sequence[int]], level: Level) -> float | None:
    """1 - observed over expected disagreement: 1 is full agreement, 0 is what chance gives.

    units: for each unit the values that raters gave it, in any order; missing ones are left out,
    and a unit with fewer than two values does not count. None where alpha is not defined: no
    unit with two values, or no two values differ.

    K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), sections C and D: the
    coincidences o_ck of values within units, their sums n_c, and
    alpha = 1 - (n - 1) * sum(o_ck * d²_ck) / sum(n_c * n_k * d²_ck).
    """
    pairable = [unit for unit in units if len(unit) > 1]
    values = sorted({value for unit in pairable for value in unit})
    place = {value: i for i, value in enumerate(values)}
    coincidences = np.zeros((len(values), len(values)))
    for unit in pairable:
        counts = np.bincount([place[value] for value in unit], minlength=len(values))
        pairs = np.outer(counts, counts) - np.diag(counts)
        coincidences += pairs / (len(unit) - 1)
    totals = coincidences.sum(axis=0)
    distance = _DISTANCES[level](totals)
    expected = (np.outer(totals, totals) * distance).sum()
    if expected == 0:
        return None
    observed = (coincidences * distance).sum()
    return float(1 - (totals.sum() - 1) * observed / expected)


def _nominal(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """d² is 1 between values that differ."""
    return 1 - np.eye(len(totals))


def _ordinal(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """d² is (n_c + ... + n_k - (n_c + n_k) / 2)²: the values that lie between two, ends half."""
    middles = np.cumsum(totals) - totals / 2
    return (middles[:, None] - middles[None, :]) ** 2


_DISTANCES: Mapping[Level, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    Level.NOMINAL: _nominal,
    Level.ORDINAL: _ordinal,
}
