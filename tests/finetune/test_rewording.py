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
        ("hand-cut copper", "A hand of cards beside a cup and a pot of old copper."),
    ],
    ids=["not said", "one word", "in two sentences", "too far apart"],
)
def test_a_feature_that_the_copy_does_not_say_in_one_place_stays(feature: str, copy: str) -> None:
    assert reworded(of(feature), copy) == of(feature)


def test_words_of_the_product_are_nobodys_wording() -> None:
    brief = of("quiet river walks", product="Quiet River")
    assert reworded(brief, "Quiet River walks are here.") == brief


def test_two_features_share_no_word_of_the_copy() -> None:
    brief = of("wool socks", "thick wool socks")
    assert reworded(brief, "Warm wool socks today.").features == ("wool socks", "thick wool socks")


def test_rewording_the_deck_leaves_all_but_its_features_and_finds_most_of_them() -> None:
    said = asked = 0
    for row in read_shipped("valid"):
        brief = reworded(row.brief, row.copy)
        assert msgspec.structs.replace(brief, features=row.brief.features) == row.brief
        if row.brief.type == "product_description":
            asked += len(brief.features)
            said += sum(feature.lower() in row.copy.lower() for feature in brief.features)
    assert said > 0.6 * asked
