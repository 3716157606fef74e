"""A row of a deck as other callers could have asked for it."""

import msgspec

from distill.variations import COMMON, COUNTS, common_words, varied
from finetune.deck import read_shipped
from tinycopy.brief import MAX_KEYWORD, NAMING, Brief, CopyType
from tinycopy.checks import run_checks

COPY = "Zappo is a lamp for your desk. It folds flat, has a walnut base, and lights long evenings."
BRIEF = msgspec.convert(
    {
        "type": "product_description",
        "length": "short",
        "product": "Zappo",
        "features": ["walnut base", "folds flat", "two brackets", "dimmer knob"],
    },
    Brief,
)


def of(time: int, brief: Brief = BRIEF) -> Brief:
    return varied(brief, COPY, time, frozenset(["your", "long"]))


def test_the_first_time_a_brief_is_as_it_was_and_then_differs_each_time() -> None:
    assert of(0) == BRIEF
    briefs = [of(time) for time in range(1, 40)]
    assert briefs == [of(time) for time in range(1, 40)]
    assert len({brief.features for brief in briefs}) > 15
    assert {frozenset(brief.features) for brief in briefs} == {frozenset(BRIEF.features)}


def test_keywords_are_words_of_the_copy_and_of_features_that_it_has() -> None:
    asked = {keyword for time in range(1, 200) for keyword in of(time).keywords}
    assert {"walnut", "walnut base", "folds", "folds flat"} <= asked
    assert {"lamp", "desk", "lights", "evenings"} <= asked
    assert not asked & {"Zappo", "your", "long", "brackets", "dimmer knob", "for", "has a"}
    assert "long evenings" not in asked


def test_up_to_five_keywords_are_asked_of_a_text_and_two_of_a_line() -> None:
    assert {len(of(time).keywords) for time in range(1, 200)} == set(COUNTS[True])
    slogan = msgspec.structs.replace(BRIEF, type=CopyType.SLOGAN)
    assert {len(of(time, slogan).keywords) for time in range(1, 200)} == set(COUNTS[False])


def test_copy_of_the_deck_has_the_keywords_that_it_is_asked_for() -> None:
    rows = read_shipped("valid")
    common = common_words(row.copy for row in rows)
    assert len(common) == COMMON
    assert {"with", "your"} <= common
    counts = []
    for row in rows:
        brief = varied(row.brief, row.copy, 1, common)
        assert run_checks(brief, row.copy).get("has_keywords", True), (brief.keywords, row.copy)
        assert all(len(keyword) <= MAX_KEYWORD for keyword in brief.keywords)
        counts += [len(brief.keywords)] if brief.type in NAMING else []
    assert 1 < sum(counts) / len(counts) < 3
