"""Intervals of scores that belong to a whole corpus, and of how far two generators are apart.

What is a sum over rows is resampled with its rows (the bootstrap: B. Efron, Annals of Statistics 7,
1979; of two systems on the same rows: P. Koehn, EMNLP 2004). A resample repeats rows, which would
lower distinct-2 and raise self-BLEU by itself; for these each copy is left out in turn (the
jackknife: B. Efron and C. Stein, Annals of Statistics 9, 1981). All intervals are at 95 %.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray
from sacrebleu import BLEU

from finetune.evaluation.metrics import BROKEN
from finetune.evaluation.overlap import words
from finetune.evaluation.self_bleu import self_bleu_without_each
from tinycopy.brief import Brief
from tinycopy.checks import run_checks

RESAMPLES = 1000
_SEED = 1
_Z95 = 1.959964
_CHRF_ORDER, _CHRF_BETA = 6, 2
_BLEU_ORDER = 4

Floats = NDArray[np.float64]


class Interval(msgspec.Struct, frozen=True):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


class Resampled(msgspec.Struct, frozen=True):
    """A score, and what it becomes on other rows.

    others: on each resample, or, if `left_out`, on all rows but one.
    """

    value: float
    others: Floats
    left_out: bool = False

    @property
    def interval(self) -> Interval:
        """Percentiles of the resamples; of the jackknife, the value and 1.96 standard errors."""
        if not self.left_out:
            low, high = np.percentile(self.others, (2.5, 97.5))
            return Interval(self.value, float(low), float(high))
        n = len(self.others)
        error = math.sqrt((n - 1) * float(np.var(self.others))) if n else 0.0
        return Interval(self.value, self.value - _Z95 * error, self.value + _Z95 * error)

    def minus(self, other: "Resampled") -> Interval:
        """How far this score is above another on the same rows, resampled alike."""
        apart = self.others - other.others
        return Resampled(self.value - other.value, apart, self.left_out).interval


def resampled(
    briefs: Sequence[Brief], references: Sequence[str], texts: Sequence[str]
) -> dict[str, Resampled]:
    """The corpus scores of one text per row, by the names that tables give them, 0 to 100.

    distinct-2 is 0 to 1. Equal numbers of rows are resampled alike, whatever the texts.
    """
    results = [run_checks(b, t) for b, t in zip(briefs, texts, strict=True)]
    broken = [not all(result.get(name, True) for name in BROKEN) for result in results]
    pairs = list(zip(references, texts, strict=True))
    return {
        "passes all checks, %": _of_sums([[all(r.values())] for r in results], _share),
        "broken (see checks), %": _of_sums([[one] for one in broken], _share),
        "BLEU": _of_sums([_bleu_counts(*pair) for pair in pairs], _bleu),
        "chrF": _of_sums([_chrf_counts(*pair) for pair in pairs], _chrf),
        **variety(texts),
    }


def variety(texts: Sequence[str]) -> dict[str, Resampled]:
    """distinct-2 and self-BLEU, which need no reference."""
    value, others = self_bleu_without_each(texts)
    return {
        "distinct-2": _distinct_2(texts),
        "self-BLEU": Resampled(value, np.array(others), left_out=True),
    }


def intervals(scores: Mapping[str, Resampled]) -> dict[str, Interval]:
    """The interval of each score."""
    return {name: one.interval for name, one in scores.items()}


def differences(
    scores: Mapping[str, Resampled], base: Mapping[str, Resampled]
) -> dict[str, Interval]:
    """How far each score is above the base's on the same rows.

    Self-BLEU is left out: its sample of copies is chosen by what they say, so rows do not pair.
    """
    return {name: one.minus(base[name]) for name, one in scores.items() if name != "self-BLEU"}


def _of_sums(rows: Sequence[Sequence[float]], score: Callable[[Floats, int], Floats]) -> Resampled:
    """rows: of each row what is summed.  score: of sums (any number of corpora x k) over n rows."""
    table = np.array(rows, dtype=float)
    n = len(table)
    times = np.random.default_rng(_SEED).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    whole = score(table.sum(axis=0, keepdims=True), n)[0]
    return Resampled(float(whole), score(times @ table, n))


def _share(sums: Floats, n: int) -> Floats:
    share: Floats = 100 * sums[:, 0] / n
    return share


def _bleu_counts(reference: str, text: str) -> list[float]:
    """Lengths of text and reference, then matching and possible n-grams of each order."""
    found = BLEU(effective_order=True).sentence_score(text, [reference])
    return [found.sys_len, found.ref_len, *found.counts, *found.totals]


def _bleu(sums: Floats, n: int) -> Floats:
    scores = [
        BLEU.compute_bleu(
            correct=[int(x) for x in row[2 : 2 + _BLEU_ORDER]],
            total=[int(x) for x in row[2 + _BLEU_ORDER :]],
            sys_len=int(row[0]),
            ref_len=int(row[1]),
            smooth_method="exp",
        ).score
        for row in sums
    ]
    return np.array(scores)


def _chrf_counts(reference: str, text: str) -> list[float]:
    """For each order the character n-grams of the text, of the reference, and of both."""
    counts: list[float] = []
    for order in range(1, _CHRF_ORDER + 1):
        of_text, of_reference = (_characters(t, order) for t in (text, reference))
        both = (of_text & of_reference).total()
        # As sacrebleu has it: where the reference is too short for an order, the order is left out.
        counts += [of_text.total() if of_reference else 0, of_reference.total(), both]
    return counts


def _characters(text: str, order: int) -> Counter[str]:
    joined = "".join(text.split())
    return Counter(joined[i : i + order] for i in range(len(joined) - order + 1))


def _chrf(sums: Floats, n: int) -> Floats:
    """chrF2 of sums of counts (M. Popovic, WMT 2015): F of mean precision and mean recall."""
    of_text, of_reference, both = (sums[:, k::3] for k in range(3))
    defined = (of_text > 0) & (of_reference > 0)
    orders = np.maximum(defined.sum(axis=1), 1)
    precision = np.where(defined, both / np.maximum(of_text, 1), 0).sum(axis=1) / orders
    recall = np.where(defined, both / np.maximum(of_reference, 1), 0).sum(axis=1) / orders
    weight = _CHRF_BETA**2
    below = np.maximum(weight * precision + recall, 1e-16)
    score: Floats = 100 * (1 + weight) * precision * recall / below
    return score


def _distinct_2(texts: Sequence[str]) -> Resampled:
    tokens = [words(text) for text in texts]
    rows = [Counter(pairwise(t)) for t in tokens]
    every: Counter[tuple[str, str]] = Counter()
    for row in rows:
        every.update(row)
    found, total = len(every), every.total()
    others = [
        (found - sum(every[gram] == count for gram, count in row.items()))
        / max(1, total - row.total())
        for row in rows
    ]
    return Resampled(found / max(1, total), np.array(others), left_out=True)
