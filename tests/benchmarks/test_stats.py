"""Quantiles, spread and ratios."""

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.stats import quantile, ratio, spread

VALUES = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=30)


@settings(deadline=None)
@given(VALUES)
def test_half_is_the_median(values: list[float]) -> None:
    assert quantile(values, 0.5) == pytest.approx(statistics.median(values))


@settings(deadline=None)
@given(VALUES)
def test_a_spread_is_in_order_and_within_the_values(values: list[float]) -> None:
    found = spread(values)
    ordered = (found.least, found.p25, found.median, found.p75, found.p95, found.p99, found.most)
    assert list(ordered) == pytest.approx(sorted(ordered))
    assert (found.count, found.least, found.most) == (len(values), min(values), max(values))


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="at least one"):
        quantile([], 0.5)


@pytest.mark.parametrize("times", [0.25, 1, 7])
def test_a_side_that_is_always_so_many_times_the_other_has_that_ratio(times: float) -> None:
    found = ratio([times * value for value in (1.0, 5.0, 2.0)], [1.0, 5.0, 2.0])
    assert (found.value, found.low, found.high) == pytest.approx((times, times, times))


def test_what_slows_a_whole_round_does_not_widen_the_interval() -> None:
    rounds = [1.0, 1.0, 5.0, 1.0, 9.0, 1.0, 2.0, 1.0]
    paired = ratio([2 * value for value in rounds], rounds)
    unpaired = ratio([2 * value for value in reversed(rounds)], rounds)
    assert paired.high - paired.low < 1e-9 < unpaired.high - unpaired.low


def test_sides_of_different_rounds_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="argument"):
        ratio([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="at least one round"):
        ratio([], [])
