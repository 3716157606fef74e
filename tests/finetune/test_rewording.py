"""A brief takes the words that its copy uses, and only those."""

import msgspec
import pytest

from finetune.deck import read_shipped
from finetune.rewording import reworded
from tinycopy.brief import Brief


def of(*features: str, product: str = "Ivo") -> Brief:
    return msgspec.convert({"type": "slogan", "product": product, "features": features}, Brief)


@pytest.mark.parametrize(
    ("feature", "copy", "wording"),
    [
        ("steel blade, 21 cm", "Its 21 cm steel blade cuts.", "21 cm steel blade"),
        ("setup call included", "The setup call is included.", "setup call is included"),
        ("brushed cotton", "Brushed cotton, all night.", "brushed cotton"),
        ("first lesson free", "Your first free lesson waits.", "first free lesson"),
        ("from £229 a week", "It starts from £229 a week.", "from £229 a week"),
    ],
)
def test_a_feature_takes_the_wording_of_the_copy(feature: str, copy: str, wording: str) -> None:
    assert reworded(of(feature), copy).features == (wording,)


@pytest.mark.parametrize(
    ("feature", "copy"),
    [
        ("two ribbon markers", "A notebook for your desk."),
        ("boxed", "It comes boxed."),
        ("mesh back", "The mesh is fine. Back it goes."),
        ("handle on top", "A handle, and top marks."),
        ("hand-cut copper", "A hand of cards beside a cup and a pot of old copper."),
    ],
    ids=["not said", "one word", "in two sentences", "across a comma", "too far apart"],
)
def test_a_feature_that_the_copy_does_not_say_in_one_place_stays(feature: str, copy: str) -> None:
    assert reworded(of(feature), copy) == of(feature)


def test_words_of_the_product_are_nobodys_wording() -> None:
    brief = of("quiet river walks", product="Quiet River")
    assert reworded(brief, "Quiet River walks are here.") == brief


def test_two_features_share_no_word_of_the_copy() -> None:
    brief = of("wool socks", "thick wool socks")
    assert reworded(brief, "Warm wool socks today.").features == ("wool socks", "thick wool socks")


@pytest.mark.parametrize(
    ("category", "copy", "shorter"),
    [
        ("travel kettle for two", "Your kettle boils.", "kettle"),
        ("travel kettle for two", "A travel kettle for two.", "travel kettle for two"),
        ("oak chair", "Oak chair, all yours.", "oak chair"),
        ("garden tools", "For your garden.", "garden tools"),
    ],
)
def test_a_category_and_an_audience_are_as_short_as_the_copy_says_them(
    category: str, copy: str, shorter: str
) -> None:
    brief = msgspec.structs.replace(of(), category=category, audience=category)
    kept = reworded(brief, copy)
    assert (kept.category, kept.audience) == (shorter, shorter)


def test_rewording_the_deck_changes_what_copy_words_and_finds_most_features() -> None:
    said = asked = 0
    for row in read_shipped("valid"):
        brief = reworded(row.brief, row.copy)
        changed = ("features", "category", "audience")
        own = {name: getattr(row.brief, name) for name in changed}
        assert msgspec.structs.replace(brief, **own) == row.brief
        if row.brief.type == "product_description":
            asked += len(brief.features)
            said += sum(feature.lower() in row.copy.lower() for feature in brief.features)
    assert said > 0.6 * asked
