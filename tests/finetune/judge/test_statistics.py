"""Agreement, sign tests and sample sizes, against published figures and from first principles."""

import random

import pytest
from scipy.stats import binomtest

from finetune.evaluation.paired import mean, tally
from finetune.judge.agreement import Level, alpha
from finetune.judge.size import needed, power
from finetune.stage import StageError

FOUR_OBSERVERS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
"""Krippendorff (2011), section C: four observers, twelve units, missing values as dots."""


def units(rows: tuple[str, ...]) -> list[list[int]]:
    columns = zip(*(row.split() for row in rows), strict=True)
    return [[int(value, 36) for value in column if value != "."] for column in columns]


@pytest.mark.parametrize(
    ("rows", "level", "published"),
    [
        (("0100000010", "1110010000"), Level.NOMINAL, 0.095),
        (("aabbdcccedda", "babbbccceddd"), Level.NOMINAL, 0.692),
        (FOUR_OBSERVERS, Level.NOMINAL, 0.743),
        (FOUR_OBSERVERS, Level.ORDINAL, 0.815),
    ],
    ids=["section A", "section B", "section C, nominal", "section D, ordinal"],
)
def test_alpha_is_that_of_krippendorffs_worked_examples(
    rows: tuple[str, ...], level: Level, published: float
) -> None:
    spaced = tuple(row if " " in row else " ".join(row) for row in rows)
    assert alpha(units(spaced), level) == pytest.approx(published, abs=0.0005)


@pytest.mark.parametrize("level", list(Level))
def test_alpha_is_one_when_all_agree_near_zero_by_chance_and_below_when_raters_oppose(
    level: Level,
) -> None:
    chance = random.Random(5)
    assert alpha([[1, 1, 1], [2, 2], [5, 5, 5]], level) == pytest.approx(1)
    drawn = [[chance.randint(1, 5), chance.randint(1, 5)] for _ in range(4000)]
    assert alpha(drawn, level) == pytest.approx(0, abs=0.05)
    opposed = alpha([[1, 2], [2, 1], [1, 2]], level)
    assert opposed is not None
    assert opposed < 0


@pytest.mark.parametrize("given", [[], [[1], [2]], [[3, 3], [3, 3, 3]]])
def test_alpha_is_not_defined_without_two_values_that_could_differ(given: list[list[int]]) -> None:
    assert alpha(given, Level.NOMINAL) is None


def test_a_tally_counts_signs_and_tests_the_decided_ones() -> None:
    found = tally([0.5] * 9 + [-2.0] + [0.0] * 5)
    assert (found.first, found.second, found.ties) == (9, 1, 5)
    # 2 * (C(10,0) + C(10,1)) / 2**10, and Wilson's interval for 9 of 10.
    assert found.p == pytest.approx(22 / 1024)
    assert (found.win_rate.low, found.win_rate.high) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert tally([0.0, 0.0]).p is None


def test_a_mean_has_students_interval() -> None:
    # t(0.975, 3) = 3.182; s = 1.291, n = 4.
    found = mean([1, 2, 3, 4])
    assert (found.mean, found.low, found.high) == pytest.approx((2.5, 0.446, 4.554), abs=1e-3)
    assert mean([2.0]).low is None


@pytest.mark.parametrize("win_rate", [0.6, 0.7, 0.9])
def test_the_needed_size_has_the_power_asked_for_and_one_less_has_not(win_rate: float) -> None:
    count = needed(win_rate)
    assert all(power(n, win_rate) >= 0.8 for n in range(count, count + 50))
    assert power(count - 1, win_rate) < 0.8


def test_power_is_the_chance_that_the_test_rejects() -> None:
    chance = random.Random(3)
    n, win_rate, trials = 60, 0.7, 4000
    rejected = {k: binomtest(k, n).pvalue <= 0.05 for k in range(n + 1)}
    found = sum(rejected[sum(chance.random() < win_rate for _ in range(n))] for _ in range(trials))
    assert power(n, win_rate) == pytest.approx(found / trials, abs=0.025)
    assert power(3, 0.99) == 0.0


def test_ties_are_asked_for_on_top() -> None:
    assert needed(0.7, ties=0.5) == 2 * needed(0.7)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"win_rate": 0.5}, "win rate 0.5: give a share from 0.51 to 0.99"),
        ({"win_rate": 0.7, "ties": 1.0}, "ties 1"),
        ({"win_rate": 0.7, "power": 0.2}, "power 0.2"),
    ],
)
def test_a_size_that_cannot_be_told_is_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(StageError, match=message):
        needed(**values)
