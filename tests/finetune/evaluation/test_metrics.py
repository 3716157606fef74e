"""Metrics against values worked out by hand, published, or given by the libraries themselves."""

import math
import random

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.evaluation.metrics import (
    Rate,
    Spread,
    copied,
    distinct,
    likeness,
    rate,
    score,
    self_bleu,
    spread,
    surprise,
)
from finetune.evaluation.overlap import TrainingCopy, words
from finetune.generators.generate import Copy, Likelihood
from tinycopy.brief import Brief, CopyType, Length

PRODUCT = Brief(
    type=CopyType.SLOGAN, product="Larkwell Kettle", features=("boils in ninety seconds",)
)
PROMPT = Brief(type=CopyType.SOCIAL_POST, prompt="a bakery opens early on Sundays")
TRAINING = TrainingCopy(
    [
        "The bread is warm before the street is awake.",
        "It boils in ninety seconds flat, every time.",
    ]
)


@pytest.mark.parametrize(
    ("passed", "rows", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_interval_is_the_one_that_newcombe_published(
    passed: int, rows: int, low: float, high: float
) -> None:
    interval = rate([True] * passed + [False] * (rows - passed))
    assert (interval.passed, interval.rows) == (passed, rows)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_rate_lies_in_its_interval(outcomes: list[bool]) -> None:
    interval = rate(outcomes)
    assert 0 <= interval.low <= interval.share <= interval.high <= 1
    assert interval.low < interval.high


def test_rate_without_rows_may_be_anything() -> None:
    assert rate([]) == Rate(0, 0, 0.0, 1.0)


def test_likeness_is_what_sacrebleu_says() -> None:
    references = ["The cat sat on the mat today.", "A dog barked at the moon all night."]
    texts = ["The cat sat on a mat today.", "The dog barked at the moon."]
    found = likeness(references, texts)
    assert found.bleu == sacrebleu.corpus_bleu(texts, [references]).score
    assert found.chrf == sacrebleu.corpus_chrf(texts, [references]).score
    assert 0 < found.bleu < 100


def test_rouge_is_averaged_over_copies() -> None:
    # "a b" against "a c": one of two words each way, so F1 is 1/2; the second copy is the same.
    found = likeness(["a c", "x y"], ["a b", "x y"])
    assert found.rouge1 == pytest.approx(75)
    assert found.rouge2 == pytest.approx(50)
    assert found.rouge_l == pytest.approx(75)


def test_distinct_counts_each_n_gram_of_the_corpus_once() -> None:
    texts = ["warm bread, warm bread", "Warm soup"]
    assert distinct(texts, 1) == pytest.approx(3 / 6)
    # warm bread, bread warm, warm bread | warm soup
    assert distinct(texts, 2) == pytest.approx(3 / 4)
    assert distinct([""], 2) == 0


def test_self_bleu_tells_sameness_from_variety() -> None:
    assert self_bleu(["The same words each time."] * 3) == pytest.approx(100)
    assert self_bleu(["one two three four", "five six seven eight"]) < 1
    assert self_bleu(["alone", ""]) == 0


def test_perplexity_spreads_one_sum_over_tokens_words_and_characters() -> None:
    found = surprise(["ab cd", "ef"], [Likelihood(-3.0, 4), Likelihood(-1.0, 2)])
    assert found.per_token == pytest.approx(math.exp(4 / 6))
    assert found.per_word == pytest.approx(math.exp(4 / 3))
    assert found.bits_per_character == pytest.approx(4 / math.log(2) / 7)


def test_spread_is_the_median_and_the_nearest_rank() -> None:
    assert spread(range(1, 21)) == Spread(10.5, 19)
    assert spread([5.0]) == Spread(5.0, 5.0)


def test_longest_run_is_found_across_punctuation_and_case() -> None:
    text = "Awake? THE BREAD is warm before, the street sleeps"
    assert TRAINING.longest_run(PROMPT, text) == 7
    assert TRAINING.longest_run(PROMPT, "the street") == 2
    assert TRAINING.longest_run(PROMPT, "croissants") == 0


def test_a_run_does_not_go_on_from_one_copy_into_the_next() -> None:
    assert TRAINING.longest_run(PROMPT, "the street is awake it boils in ninety seconds flat") == 6


def test_a_run_of_the_briefs_own_words_does_not_count() -> None:
    text = "Boils in ninety seconds."
    assert TRAINING.longest_run(PROMPT, text) == 4
    assert TRAINING.longest_run(PRODUCT, text) == 0
    assert TRAINING.longest_run(PRODUCT, text + " Flat") == 5


def test_words_of_two_fields_of_a_brief_are_not_one_run() -> None:
    brief = Brief(type=CopyType.SLOGAN, product="Boils in", features=("ninety seconds",))
    assert TRAINING.longest_run(brief, "boils in ninety seconds") == 4


@given(
    st.lists(st.sampled_from("bcde"), max_size=12).map(" ".join),
    st.lists(st.lists(st.sampled_from("bcde"), max_size=12).map(" ".join), max_size=4),
)
def test_longest_run_is_the_one_that_trying_every_run_finds(text: str, training: list[str]) -> None:
    written = words(text)
    known = [f" {' '.join(words(copy))} " for copy in training]
    tried = [
        j - i
        for i in range(len(written))
        for j in range(i + 1, len(written) + 1)
        if any(f" {' '.join(written[i:j])} " in copy for copy in known)
    ]
    assert TrainingCopy(training).longest_run(PROMPT, text) == max(tried, default=0)


def test_copied_counts_runs_of_eight_words_or_more() -> None:
    found = copied(
        TRAINING,
        [PROMPT, PROMPT],
        ["The bread is warm before the street is quiet", "The bread is warm before the street was"],
    )
    assert found.runs == {7: 1, 8: 1}
    assert (found.median, found.longest) == (7.5, 8)
    assert (found.copied.passed, found.copied.rows) == (1, 2)


BRIEFS = [
    Brief(type=CopyType.SLOGAN, product="Larkwell Kettle", length=Length.SHORT),
    Brief(type=CopyType.SLOGAN, prompt="a kettle", length=Length.SHORT, keywords=("tea",)),
    Brief(type=CopyType.AD_HEADLINE, prompt="a bakery", length=Length.SHORT, keywords=("bread",)),
]
REFERENCES = ["Tea in no time", "Your tea awaits", "Warm bread at dawn"]
COPIES = [
    Copy("Boil more, wait less", 6, 10),
    Copy("Tea awaits", 3, 30),
    Copy("Warm dawn rolls", 5, 20),
]


def test_a_check_is_a_rate_over_the_rows_that_it_applies_to() -> None:
    found = score(BRIEFS, REFERENCES, COPIES, training=TRAINING)
    keywords = found.checks["has_keywords"]
    assert (keywords.passed, keywords.rows) == (1, 2)
    assert (found.all_checks.passed, found.all_checks.rows) == (2, 3)
    assert found.all_checks_by_type["slogan"].rows == 2
    assert found.tokens == Spread(5, 6)
    assert found.ms == Spread(20, 30)
    assert found.surprise is None


def test_the_decks_own_copy_is_not_compared_with_itself() -> None:
    own = [Copy(text, 0, 0) for text in REFERENCES]
    found = score(BRIEFS, REFERENCES, own, training=TRAINING, reference=True)
    assert (found.likeness, found.tokens, found.ms) == (None, None, None)
    assert found.all_checks.share == 1


@settings(max_examples=10, deadline=None)
@given(st.randoms())
def test_the_order_of_the_rows_changes_no_score(shuffled: random.Random) -> None:
    likelihoods = [Likelihood(-float(i), i + 1) for i in range(3)]
    rows = list(zip(BRIEFS, REFERENCES, COPIES, likelihoods, strict=True))
    before = score(BRIEFS, REFERENCES, COPIES, training=TRAINING, likelihoods=likelihoods)
    shuffled.shuffle(rows)
    briefs, references, copies, moved = map(list, zip(*rows, strict=True))
    after = score(briefs, references, copies, training=TRAINING, likelihoods=moved)
    assert after.checks == before.checks
    assert after.copied == before.copied
    assert (after.distinct_2, after.tokens, after.ms) == (
        before.distinct_2,
        before.tokens,
        before.ms,
    )
    assert after.self_bleu == pytest.approx(before.self_bleu)
    assert after.likeness is not None and before.likeness is not None
    assert after.likeness.bleu == pytest.approx(before.likeness.bleu)
    assert after.likeness.rouge_l == pytest.approx(before.likeness.rouge_l)
    assert after.surprise is not None and before.surprise is not None
    assert after.surprise.per_word == pytest.approx(before.surprise.per_word)


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(ValueError, match="no briefs to score"):
        score([], [], [], training=TRAINING)
