"""Words that a feature cannot stand after."""

import pytest

from finetune.deck import read_shipped
from tinycopy.encoding import FEATURES, KEYWORDS, slots
from tinycopy.grammar import faults
from tinycopy.phrases import Kind

HOLDS, SAFE, LID, LIDS, PRICE = (
    FEATURES[kind][0] for kind in (Kind.ACTION, Kind.STATE, Kind.ONE, Kind.THINGS, Kind.PRICE)
)
COFFEE = KEYWORDS[0]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (f"It {HOLDS} and is {SAFE}, with a {LID} and {LIDS}, for {PRICE}.", 0),
        (f"A {SAFE} mug with a {LID} that {HOLDS}.", 0),
        (f"Ivo\u2019s a {SAFE}.", 1),
        (f"With {SAFE}, it has {LID} and a {HOLDS}.", 3),
        (f"It's {HOLDS}, and it {SAFE}.", 2),
        (f"IT {PRICE}", 1),
        (f"You're {COFFEE}, and they don't {COFFEE}, for a no {COFFEE}.", 3),
        (f"It's {COFFEE}, and it is {COFFEE}, so you can {COFFEE} or may {COFFEE}.", 4),
        (f"Let's {COFFEE}.", 1),
        (f"You're in for {COFFEE}. It's a {COFFEE}, and you can have {COFFEE}.", 0),
        (f"It {HOLDS} and {COFFEE}. It is {SAFE}, or {COFFEE}", 2),
        (f"It has a {LID} and {COFFEE}. It {HOLDS} and {COFFEE} is at hand.", 0),
        ("No slot with a mug.", 0),
    ],
)
def test_features_after_words_that_they_cannot_follow_are_counted(
    written: str, expected: int
) -> None:
    assert faults(written) == expected


@pytest.mark.parametrize(
    ("written", "keyword", "expected"),
    [
        (f"Here's a {COFFEE} with a {LID}, a {COFFEE}.", "coffee", 2),
        (f"A {COFFEE} begins with a {COFFEE} mug and the {COFFEE}.", "coffee", 1),
        (f"A {COFFEE} need a {LID}.", "commuters", 1),
        (f"A {COFFEE} is what a {COFFEE} needs.", "travel mug", 0),
    ],
)
def test_a_stands_before_keywords_of_which_there_is_one(
    written: str, keyword: str, expected: int
) -> None:
    assert faults(written, [(COFFEE, keyword)]) == expected


def test_copy_of_the_deck_has_hardly_any() -> None:
    rows = read_shipped("valid")
    found = sum(
        faults(s.extract(row.copy), s.spans) > 0 for row in rows for s in [slots(row.brief)]
    )
    assert found < 0.03 * len(rows)
