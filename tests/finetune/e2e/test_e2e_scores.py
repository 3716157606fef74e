"""The metrics of E2E against values worked out by hand."""

import math

import pytest

from finetune.e2e.ngrams import bleu, nist
from finetune.e2e.slot_errors import SlotErrors, canonical, corpus_slot_errors, slot_errors
from finetune.meanings import parse_meaning

EAGLE = parse_meaning("name[The Eagle], eatType[pub], food[French], near[Burger King]")


def errors(meaning: str, text: str) -> tuple[int, int, int, int]:
    found = slot_errors(parse_meaning(meaning), text)
    return found.added, found.missing, found.wrong, found.repeated


@pytest.mark.parametrize(
    ("text", "added", "missing", "wrong"),
    [
        ("The Eagle is a French pub near Burger King.", 0, 0, 0),
        ("The Eagle is a pub near Burger King.", 0, 1, 0),
        ("The Eagle is an Italian pub near Burger King.", 0, 0, 1),
        ("The Eagle is a cheap French pub near Burger King.", 1, 0, 0),
        ("", 0, 4, 0),
    ],
)
def test_slots_are_missing_wrong_or_added(text: str, added: int, missing: int, wrong: int) -> None:
    assert slot_errors(EAGLE, text) == SlotErrors(added, missing, wrong, 0, 4)


def test_a_slot_said_twice_is_counted_but_is_no_error() -> None:
    found = slot_errors(EAGLE, "The Eagle is a French pub near Burger King. It is a pub.")
    assert found.repeated == 1
    assert found.rate == 0


def test_a_wording_of_several_values_means_the_one_that_was_asked_for() -> None:
    for value in ("average", "3 out of 5"):
        mr = f"name[Zizzi], customer rating[{value}]"
        assert errors(mr, "Zizzi has an average rating.")[:3] == (0, 0, 0)
    assert errors("name[Zizzi], near[The Rice Boat]", "Zizzi, near The Rice Boat")[:3] == (0, 0, 0)
    assert errors("name[The Rice Boat]", "The Rice Boat")[:3] == (0, 0, 0)


def test_a_value_within_a_longer_one_is_not_said() -> None:
    # "Café" alone would be a coffee shop, and "5 stars" a rating of its own.
    text = "Zizzi is near Café Rouge and rated 3 out of 5 stars."
    assert errors("name[Zizzi], near[Café Rouge], customer rating[3 out of 5]", text)[:3] == (
        0,
        0,
        0,
    )
    assert errors("familyFriendly[no], name[Zizzi]", "Zizzi is not family friendly")[:3] == (
        0,
        0,
        0,
    )
    assert errors("familyFriendly[yes], name[Zizzi]", "Zizzi is not family friendly")[2] == 1


def test_the_rate_is_of_all_slots_asked_for() -> None:
    total = corpus_slot_errors([EAGLE, EAGLE], ["The Eagle", "The Eagle: French pub, Burger King"])
    assert total == SlotErrors(0, 3, 0, 0, 8)
    assert total.rate == pytest.approx(3 / 8)


def test_a_value_that_the_benchmark_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"food\[Martian\]"):
        canonical(parse_meaning("food[Martian]"))
    assert canonical(parse_meaning("food[fast food]"))[0].value == "Fast food"


def test_nist_weighs_n_grams_by_their_information() -> None:
    # References: a b | a c. Six tokens' worth of counts: 4 unigrams, a twice, b and c once.
    # Text "a b" shares a (log2 4/2 = 1), b (log2 4/1 = 2) and "a b" (log2 2/1 = 1):
    # 3 over 2 unigrams and 1 over 1 bigram; lengths agree, so nothing is taken off.
    assert nist(["a b"], [["a b", "a c"]]) == pytest.approx(3 / 2 + 1)


def test_nist_takes_half_off_a_text_two_thirds_as_long() -> None:
    # References "a b c": each token log2 3, each n-gram after its first token log2 1 = 0.
    assert nist(["a b"], [["a b c"]]) == pytest.approx(math.log2(3) / 2)


def test_nist_and_bleu_know_no_case_and_take_punctuation_apart() -> None:
    reference = "The Eagle is a pub, by the river in Cambridge."
    assert bleu(["the eagle IS a pub , by the river in cambridge ."], [[reference]]) == (
        pytest.approx(100)
    )
    assert nist([reference.upper()], [[reference]]) == nist([reference], [[reference]])


def test_texts_may_have_different_numbers_of_references() -> None:
    texts = ["a cheap pub by the river", "a dear pub in town today"]
    references = [["a cheap pub by the river", "cheap pub"], ["a dear pub in town today"]]
    assert bleu(texts, references) == pytest.approx(100)
    assert nist(texts, references) > 0
    assert nist(["", ""], references) == 0
