"""How good copy is, in numbers: a pure function of briefs, references and copies.

Not covered here: where copy comes from (finetune/generators/) and how scores are shown (tables.py).
"""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from rouge_score import rouge_scorer
from sacrebleu import BLEU, CHRF

from finetune.evaluation.overlap import COPIED_RUN, TrainingCopy, words
from finetune.generators.generate import Copy, Likelihood
from finetune.stage import digest
from tinycopy.brief import Brief
from tinycopy.checks import CHECKS, run_checks

SELF_BLEU_SAMPLE = 100
"""Self-BLEU compares every pair of copies, so it is taken on at most this many of them."""

BROKEN = ("finished", "not_repetitive", "well_formed", "names_intact")
"""The checks that broken copy fails: it breaks off, repeats itself, is empty or garbles a name."""

_Z95 = statistics.NormalDist().inv_cdf(0.975)


class Rate(msgspec.Struct, frozen=True):
    """A share with its 95 % interval: `passed` of `rows` rows."""

    passed: int
    rows: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The rate itself, 0 to 1. Raises ZeroDivisionError where there are no rows."""
        return self.passed / self.rows


class Surprise(msgspec.Struct, frozen=True):
    """How unlikely a generator finds the references, end of copy included.

    Tokenizers differ, so perplexity per token compares only models that share one; perplexity per
    word and bits per character spread the same sum over the words and characters of the copy.
    """

    per_token: float
    per_word: float
    bits_per_character: float


class Likeness(msgspec.Struct, frozen=True):
    """Likeness to the references, each 0 to 100: BLEU, chrF of the corpus; ROUGE F1, averaged."""

    bleu: float
    chrf: float
    rouge1: float
    rouge2: float
    rouge_l: float


class Spread(msgspec.Struct, frozen=True):
    """The middle of a quantity and its 95th percentile (nearest rank)."""

    median: float
    p95: float


class Copied(msgspec.Struct, frozen=True):
    """Longest run of words shared with training copy, per copy (see TrainingCopy.longest_run).

    runs: how many copies have a longest run of each length; the keys are words.
    copied: the copies with a run of COPIED_RUN words or more.
    """

    runs: dict[int, int]
    median: float
    longest: int
    copied: Rate


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """What one generator's copy scores. A metric that is not defined for it is None.

    broken: copy that fails one of the checks BROKEN.
    tone: copy that a classifier of the deck's tones hears in the tone asked for (tone.py).
    """

    rows: int
    surprise: Surprise | None
    likeness: Likeness | None
    distinct_1: Annotated[float, Meta(ge=0, le=1)]
    distinct_2: Annotated[float, Meta(ge=0, le=1)]
    self_bleu: Annotated[float, Meta(ge=0, le=101)]
    checks: dict[str, Rate]
    all_checks: Rate
    all_checks_by_type: dict[str, Rate]
    broken: Rate
    tone: Rate | None
    copied: Copied
    tokens: Spread | None
    ms: Spread | None


def score(
    briefs: Sequence[Brief],
    references: Sequence[str],
    copies: Sequence[Copy],
    *,
    training: TrainingCopy,
    likelihoods: Sequence[Likelihood] | None = None,
    on_tone: Sequence[bool] | None = None,
    reference: bool = False,
) -> Scores:
    """Score one copy per brief against one reference per brief.

    likelihoods: of the references under the generator, where it gives any.
    on_tone: whether each copy sounds as asked, where there is a classifier that says.
    reference: the copies are the references: likeness, tokens and time mean nothing then.
    Raises ValueError if there is nothing to score or the three differ in length.
    """
    if not briefs:
        raise ValueError("no briefs to score: the split or the limit leaves no rows")
    texts = [copy.text for copy in copies]
    results = [run_checks(b, t) for b, t in zip(briefs, texts, strict=True)]
    passes = [all(result.values()) for result in results]
    types = [brief.type.value for brief in briefs]
    return Scores(
        rows=len(briefs),
        surprise=None if likelihoods is None else surprise(references, likelihoods),
        likeness=None if reference else likeness(references, texts),
        distinct_1=distinct(texts, 1),
        distinct_2=distinct(texts, 2),
        self_bleu=self_bleu(texts),
        checks=check_rates(results),
        all_checks=rate(passes),
        all_checks_by_type={
            type_: rate(p for t, p in zip(types, passes, strict=True) if t == type_)
            for type_ in sorted(set(types))
        },
        broken=rate(not all(result.get(name, True) for name in BROKEN) for result in results),
        tone=None if on_tone is None else rate(on_tone),
        copied=copied(training, briefs, texts),
        tokens=None if reference else spread([copy.tokens for copy in copies]),
        ms=None if reference else spread([copy.ms for copy in copies]),
    )


def rate(outcomes: Iterable[bool]) -> Rate:
    """The share of true outcomes with its Wilson score interval at 95 %.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n): E. B. Wilson, Probable inference, the law
    of succession, and statistical inference, JASA 22 (1927); equation 4 in R. G. Newcombe,
    Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998).
    Without rows the interval is all of 0 to 1.
    """
    counts = Counter(outcomes)
    passed, n = counts[True], counts.total()
    if n == 0:
        return Rate(0, 0, 0.0, 1.0)
    p, z2 = passed / n, _Z95**2
    centre = p + z2 / (2 * n)
    half = _Z95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low, high = (centre - half) / (1 + z2 / n), (centre + half) / (1 + z2 / n)
    # Rounding must not leave the rate outside of its interval.
    return Rate(passed, n, min(max(0.0, low), p), max(min(1.0, high), p))


def check_rates(results: Sequence[dict[str, bool]]) -> dict[str, Rate]:
    """Each check's rate over the rows that it applies to, in the order of the checks."""
    applied = {name for result in results for name in result}
    order = [check.name for check in CHECKS if check.name in applied]
    return {name: rate(r[name] for r in results if name in r) for name in order}


def surprise(references: Sequence[str], likelihoods: Sequence[Likelihood]) -> Surprise:
    """Perplexity of the references: exp of the mean negative log-likelihood over all of them."""
    nats = -math.fsum(one.sum_logprob for one in likelihoods)
    return Surprise(
        per_token=math.exp(nats / sum(one.tokens for one in likelihoods)),
        per_word=math.exp(nats / sum(len(text.split()) for text in references)),
        bits_per_character=nats / math.log(2) / sum(map(len, references)),
    )


def likeness(references: Sequence[str], texts: Sequence[str]) -> Likeness:
    """Likeness of copy to one reference each, by sacrebleu's and rouge-score's own defaults."""
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"])
    rouge = [scorer.score(r, t) for r, t in zip(references, texts, strict=True)]

    def mean(name: str) -> float:
        return 100 * math.fsum(one[name].fmeasure for one in rouge) / len(rouge)

    return Likeness(
        bleu=BLEU().corpus_score(texts, [references]).score,
        chrf=CHRF().corpus_score(texts, [references]).score,
        rouge1=mean("rouge1"),
        rouge2=mean("rouge2"),
        rouge_l=mean("rougeL"),
    )


def distinct(texts: Sequence[str], n: int) -> float:
    """Distinct n-grams of words over all n-grams (distinct-n, Li et al. 2016); falls with rows."""
    grams: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        tokens = words(text)
        grams.update(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
    return len(grams) / grams.total() if grams else 0.0


def self_bleu(texts: Sequence[str]) -> float:
    """Mean BLEU of each copy against all others, 0 to 100 (Zhu et al. 2018); lower is more varied.

    Taken on `self_bleu_sample`; fewer than two copies score 0.
    """
    sample = self_bleu_sample(texts)
    if len(sample) < 2:
        return 0.0
    bleu = BLEU(effective_order=True)
    scores = (
        bleu.sentence_score(text, sample[:i] + sample[i + 1 :]).score
        for i, text in enumerate(sample)
    )
    return math.fsum(scores) / len(sample)


def self_bleu_sample(texts: Sequence[str]) -> list[str]:
    """The SELF_BLEU_SAMPLE copies that come first by their hash, whatever the order; none empty."""
    written = (text for text in texts if words(text))
    return sorted(written, key=lambda text: digest(text.encode()))[:SELF_BLEU_SAMPLE]


def copied(training: TrainingCopy, briefs: Sequence[Brief], texts: Sequence[str]) -> Copied:
    """Longest runs of words that copy shares with training copy."""
    runs = [training.longest_run(b, t) for b, t in zip(briefs, texts, strict=True)]
    return Copied(
        runs=dict(sorted(Counter(runs).items())),
        median=statistics.median(runs),
        longest=max(runs),
        copied=rate(run >= COPIED_RUN for run in runs),
    )


def spread(values: Sequence[float]) -> Spread:
    """Median and 95th percentile (nearest rank) of at least one value."""
    ordered = sorted(values)
    return Spread(statistics.median(ordered), ordered[math.ceil(0.95 * len(ordered)) - 1])
