"""The articles "a" and "an": which stands before a slot, and whose the article of a feature is."""

import pytest

from tests.function.briefs import of
from tinycopy.articles import without_article
from tinycopy.encoding import ANY_FEATURE, CATEGORY, FEATURES, PRODUCT, slots
from tinycopy.phrases import Kind


@pytest.mark.parametrize(
    ("phrase", "bare"),
    [
        ("a spare lid", "spare lid"),
        ("An oak lid", "oak lid"),
        ("A Coruña ferry", "A Coruña ferry"),
        ("A4 tray", "A4 tray"),
        ("room with a view", "room with a view"),
        ("vegan option", "vegan option"),
    ],
)
def test_the_article_of_a_phrase_is_left_out(phrase: str, bare: str) -> None:
    assert without_article(phrase) == bare


@pytest.mark.parametrize(
    ("feature", "written"),
    [
        ("oak handle", "an oak handle"),
        ("leather handle", "a leather handle"),
        ("8-hour battery", "an 8-hour battery"),
        ("80 ml cup", "an 80 ml cup"),
        ("110 ml cup", "a 110 ml cup"),
        ("USB-C port", "a USB-C port"),
        ("one-litre jug", "a one-litre jug"),
        ("MP3 player", "an MP3 player"),
        ("unlined upper", "an unlined upper"),
        ("used camera", "a used camera"),
        ("usability study", "a usability study"),
        ("ukulele course", "a ukulele course"),
        ("1890s boiler", "an 1890s boiler"),
        ("RFID lining", "an RFID lining"),
        ("HEPA filter", "a HEPA filter"),
        ("éclair stand", "an éclair stand"),
        ("ewe's milk cheese", "a ewe's milk cheese"),
    ],
)
def test_the_article_before_a_slot_fits_what_fills_it(feature: str, written: str) -> None:
    marked = slots(of(product="Ivo", features=[feature]))
    (slot,) = (marker for marker, _ in marked.spans if marker in ANY_FEATURE)
    assert marked.extract(f"It has {written}.") == f"It has a {slot}."
    for article in ("a", "an"):
        assert marked.fill(f"It has {article} {slot}.") == f"It has {written}."


def test_the_article_that_a_feature_starts_with_is_left_to_the_copy() -> None:
    brief = of(product="Ivo", features=["an oak lid", "a few crumbs", "A sieve"])
    marked = slots(brief)
    lid, sieve = FEATURES[Kind.ONE][:2]
    assert marked.source.endswith(
        f"{lid} oak lid; {FEATURES[Kind.THINGS][0]} a few crumbs; {sieve} sieve"
    )
    for copy in ("With an oak lid.", "Its oak lid.", "An oak lid.", "A sieve and an oak lid"):
        assert marked.fill(marked.extract(copy)) == copy
    assert lid in marked.extract("Its oak lid.")


def test_a_feature_that_is_another_slot_but_for_its_article_is_no_slot() -> None:
    brief = of(product="Lamp", category="timer", features=["a timer", "a Lamp", "a Kindle"])
    spans = dict(slots(brief).spans)
    assert (spans[PRODUCT], spans[CATEGORY]) == ("Lamp", "timer")
    assert "Kindle" in spans.values()
    assert not ANY_FEATURE.intersection(spans)
    alone = slots(of(product="Ivo", features=["a timer"]))
    assert alone.fill(alone.extract("Ivo has a timer")) == "Ivo has a timer"
    assert FEATURES[Kind.ONE][0] in alone.extract("Ivo has a timer")


def test_features_past_the_last_slot_keep_their_article() -> None:
    colours = "red blue green grey pink black white tan gold lime".split()
    marked = slots(of(prompt=", ".join(f"a {colour} lid" for colour in colours)))
    assert marked.source.endswith(f"{FEATURES[Kind.ONE][7]} gold lid; a lime lid")


def test_in_encoding_3_an_article_is_part_of_a_feature_and_not_written_twice() -> None:
    marked = slots(of(product="Ivo", features=["a spare lid"]), 3)
    assert marked.fill(f"With a {FEATURES[Kind.THING][0]}.") == "With a spare lid."
