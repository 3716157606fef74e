"""Copy is kept for the brief that it fits."""

import msgspec

from distill.hindsight import fitted
from tinycopy.brief import Brief, CopyType, Length, Tone
from tinycopy.checks import run_checks

BRIEF = Brief(
    type=CopyType.SLOGAN,
    tone=Tone.CASUAL,
    length=Length.SHORT,
    product="Tidemark",
    features=("hand-woven willow", "removable cotton liner"),
    keywords=("liner", "basket"),
)


def changed(**changes: object) -> Brief:
    return msgspec.structs.replace(BRIEF, **changes)


def test_copy_that_fits_stays_with_its_brief() -> None:
    brief = changed(keywords=("liner",))
    assert fitted(brief, "Lift the liner.") == brief


def test_the_length_becomes_that_of_the_copy() -> None:
    copy = "Lift out the liner, wash the liner, and the day is done."
    found = fitted(changed(keywords=("liner",)), copy)
    assert found == changed(keywords=("liner",), length=Length.LONG)
    assert all(run_checks(found, copy).values())


def test_keywords_that_the_copy_lacks_are_not_asked_for() -> None:
    assert fitted(BRIEF, "Lift the liner.").keywords == ("liner",)


def test_words_of_the_features_take_the_place_of_keywords_that_all_lack() -> None:
    copy = "It's removable cotton."
    assert fitted(BRIEF, copy).keywords == ("removable cotton",)
    assert fitted(BRIEF, "Nothing of it.").keywords == ()
    assert fitted(changed(keywords=()), copy).keywords == ()


def test_copy_of_no_length_keeps_the_one_asked_for() -> None:
    assert fitted(BRIEF, "liner " * 40).length is Length.SHORT
