"""Intervals by resampling: the scores that they surround, and what they tell apart."""

import numpy as np
import pytest
from sacrebleu import BLEU, CHRF

from finetune.evaluation.metrics import distinct, self_bleu, self_bleu_sample
from finetune.evaluation.resampling import (
    RESAMPLES,
    Resampled,
    differences,
    intervals,
    resampled,
)
from finetune.evaluation.self_bleu import self_bleu_without_each
from tinycopy.brief import Brief, CopyType

REFERENCES = [
    "Warm bread before the street is awake.",
    "Pour, wait, drink: tea without a fuss.",
    "A lamp that stays out of the way until you need it.",
    "Your loaf is ready at six.",
    "Tea that rises early.",
] * 4
TEXTS = [f"{text} Number {i}." if i % 3 else f"{text[::-1]}" for i, text in enumerate(REFERENCES)]
BRIEFS = [Brief(type=CopyType.SLOGAN, product="Ovenlight")] * len(REFERENCES)


def test_the_values_are_those_of_the_metrics() -> None:
    scores = resampled(BRIEFS, REFERENCES, TEXTS)
    assert scores["BLEU"].value == pytest.approx(BLEU().corpus_score(TEXTS, [REFERENCES]).score)
    assert scores["chrF"].value == pytest.approx(CHRF().corpus_score(TEXTS, [REFERENCES]).score)
    assert scores["distinct-2"].value == pytest.approx(distinct(TEXTS, 2))
    assert scores["self-BLEU"].value == pytest.approx(self_bleu(TEXTS))
    for interval in intervals(scores).values():
        assert interval.low <= interval.value <= interval.high


def test_self_bleu_without_a_copy_is_that_of_the_rest() -> None:
    value, without = self_bleu_without_each(TEXTS)
    sample = self_bleu_sample(TEXTS)
    assert value == pytest.approx(self_bleu(TEXTS))
    rest = [self_bleu(sample[:i] + sample[i + 1 :]) for i in range(len(sample))]
    assert without == pytest.approx(rest)
    assert self_bleu_without_each(["only one", ""]) == (0.0, [])


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.array([1.0, 2.0, 4.0, 9.0])
    without = (values.sum() - values) / 3
    interval = Resampled(float(values.mean()), without, left_out=True).interval
    error = values.std(ddof=1) / 2
    assert interval.high - interval.value == pytest.approx(1.959964 * error)


def test_the_bootstrap_of_a_share_is_as_wide_as_its_standard_error() -> None:
    scores = resampled(BRIEFS * 20, REFERENCES * 20, TEXTS * 20)
    share = scores["passes all checks, %"]
    p, n = share.value / 100, len(BRIEFS) * 20
    assert 0 < p < 1
    assert len(share.others) == RESAMPLES
    assert share.others.std() == pytest.approx(100 * (p * (1 - p) / n) ** 0.5, rel=0.1)


def test_a_generator_is_told_from_a_worse_one_and_not_from_itself() -> None:
    good = resampled(BRIEFS, REFERENCES, REFERENCES)
    bad = resampled(BRIEFS, REFERENCES, [text[::-1] for text in REFERENCES])
    assert differences(bad, good)["chrF"].high < 0
    same = differences(good, good)
    assert all(one.low == one.value == one.high == 0 for one in same.values())
    assert "self-BLEU" not in same


def test_empty_copy_is_scored() -> None:
    scores = intervals(resampled(BRIEFS[:2], REFERENCES[:2], ["", ""]))
    assert scores["BLEU"].value == scores["chrF"].value == scores["distinct-2"].value == 0
