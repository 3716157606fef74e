"""The checks pass good copy and catch planted faults."""

import random
import subprocess
import sys
import time

import pytest

from tests.function.planted import DECK, FAULTS, catch_rates, deck_rows, pass_rates
from tinycopy.brief import Brief, CopyType, Length, Tone
from tinycopy.checks import CHECKS, run_checks

BOOTS = Brief(
    type=CopyType.PRODUCT_DESCRIPTION,
    tone=Tone.CASUAL,
    length=Length.SHORT,
    product="Harrowby & Pike",
    category="boot repair shop",
    features=(
        "full resoles in five working days",
        "41 Tanner Street, Leeds",
        "resoling from £55",
        "black, brown and tan polish",
        "open 9:30 am to 6 pm",
        "10% off for students",
    ),
    keywords=("resoling", "five working days"),
    max_characters=160,
)
GOOD = (
    "Got boots you can't bear to bin? Harrowby & Pike, 41 Tanner Street, Leeds, sorts them in"
    " five working days. Resoling from £55."
)


def check(name: str, text: str, brief: Brief = BOOTS) -> bool:
    return run_checks(brief, text)[name]


def brief(type_: CopyType, tone: Tone = Tone.CASUAL, length: Length = Length.SHORT) -> Brief:
    return Brief(type=type_, tone=tone, length=length, product="Harrowby & Pike")


def test_good_copy_passes_every_check_that_applies_in_the_order_of_the_list():
    assert run_checks(BOOTS, GOOD) == {check.name: True for check in CHECKS}


def test_checks_that_do_not_apply_are_left_out():
    verdicts = run_checks(brief(CopyType.SLOGAN), "Good soles, long roads.")
    assert "names_product" not in verdicts
    assert "has_keywords" not in verdicts
    assert all(verdicts.values())


def test_empty_copy_passes_nothing_that_asks_for_content():
    verdicts = run_checks(BOOTS, "")
    assert not any(
        verdicts[n] for n in ("names_product", "has_keywords", "length_in_range", "well_formed")
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught_in_good_copy(fault: str):
    name, plant = FAULTS[fault]
    formal = Brief(
        type=CopyType.AD_HEADLINE if fault.startswith("headline") else BOOTS.type,
        tone=Tone.FORMAL,
        length=BOOTS.length,
        product=BOOTS.product,
        features=BOOTS.features,
        keywords=BOOTS.keywords,
    )
    text = "Resoling in five working days, for the" if "headline" in fault else GOOD
    planted = plant(formal, f"{text} end" if "headline" in fault else text, random.Random(3))
    assert planted is not None
    assert not run_checks(formal, planted)[name]


@pytest.mark.parametrize(
    "text",
    [
        "Resoling from £ 55.",
        "From 55 pounds.",
        "Done in 5 working days.",
        "Three shades of polish.",
        "Open until 6 pm, from 9.30.",
        "10 percent off for students.",
        "This one, and two more.",
    ],
)
def test_a_number_may_be_written_another_way(text: str):
    assert check("no_new_numbers", text)


@pytest.mark.parametrize(
    "text",
    [
        "Resoling from $55.",
        "Resoling from £65.",
        "Resoling from £5.",
        "Twelve working days.",
        "A three-year guarantee.",
        "Our twenty-fifth year.",
        "10 kg of polish.",
        "55% off.",
        "Open until 6 am.",
        "3 shades of polish.",
        "Sale ends in June.",
        "Open until Sunday.",
        "Sat, or Sun 5.",
        "The 5th of Nov.",
        "It's just £.",
        "₹ off, today.",
        "Over two thousand customers.",
    ],
)
def test_a_number_price_or_date_that_the_brief_lacks_fails(text: str):
    assert not check("no_new_numbers", text)


@pytest.mark.parametrize("text", ["Harrowby and Pike", "harrowby & pike", "Harrowby & Pikes"])
def test_the_product_is_named_exactly(text: str):
    assert not check("names_product", f"Try {text} today.")


def test_a_keyword_counts_in_any_case_but_only_as_a_whole_word():
    assert check("has_keywords", "RESOLING in five working days")
    assert not check("has_keywords", "Unresolings in five working days")


@pytest.mark.parametrize(("characters", "within"), [(19, False), (20, True)])
def test_a_character_limit_counts_spaces_and_code_points(characters: int, within: bool):
    limited = Brief(type=CopyType.SLOGAN, product="A", max_characters=characters)
    assert check("within_characters", "Café 🥾 for the road.", limited) is within


def test_without_a_character_limit_there_is_no_check_of_one():
    assert "within_characters" not in run_checks(brief(CopyType.SLOGAN), GOOD)


@pytest.mark.parametrize(
    ("length", "characters", "asked"),
    [(Length.MEDIUM, 30, False), (Length.MEDIUM, 36, True), (Length.SHORT, 30, True)],
)
def test_the_words_of_a_length_are_asked_for_only_if_the_limit_has_room_for_them(
    length: Length, characters: int, asked: bool
):
    headline = Brief(
        type=CopyType.AD_HEADLINE, product="A", length=length, max_characters=characters
    )
    assert ("length_in_range" in run_checks(headline, "Resoled.")) is asked


@pytest.mark.parametrize(
    ("characters", "length"),
    [(30, Length.SHORT), (90, Length.SHORT), (186, Length.MEDIUM), (366, Length.LONG)],
)
def test_the_length_to_write_is_the_longest_that_the_limit_has_room_for(
    characters: int, length: Length
):
    description = {"type": CopyType.PRODUCT_DESCRIPTION, "product": "A"}
    asked = Brief(**description, length=Length.LONG, max_characters=characters)
    assert asked.length_to_write is length
    shorter = Brief(**description, length=Length.SHORT, max_characters=characters)
    assert shorter.length_to_write is Length.SHORT


@pytest.mark.parametrize("name", ["Harowby", "Harrrowby", "Harrobwy", "Harrowbyop", "Tannar"])
def test_a_garbled_name_fails(name: str):
    assert not check("names_intact", f"Come to {name} today.")


@pytest.mark.parametrize("text", ["Harrowby's best boots", "Tanners", "HARROWBY'LL do", "Narrow"])
def test_possessives_and_other_words_are_no_garbled_names(text: str):
    assert check("names_intact", text)


@pytest.mark.parametrize(
    "text", ["We fix boots and", "We fix the.", 'We "fix boots.', "We fix (boots.", "We fix boots,"]
)
def test_copy_that_breaks_off_fails(text: str):
    assert not check("finished", text)


@pytest.mark.parametrize("text", ["Boots! 🥾", "Boots fixed. #Leeds", "“Boots.”", "Fixed (fast)."])
def test_a_post_may_end_in_an_emoji_hashtag_or_closed_quote(text: str):
    assert check("finished", text, brief(CopyType.SOCIAL_POST))


def test_a_subject_line_needs_no_full_stop():
    assert check("finished", "Every pair accounted for", brief(CopyType.EMAIL_SUBJECT))


@pytest.mark.parametrize(
    "text",
    [
        "Boots, boots , boots",
        "Boots..",
        "Boots | use: boots",
        "<b>Boots</b>",
        "Boots \ufffd",
        "boot",
    ],
)
def test_mess_is_not_well_formed(text: str):
    assert not check("well_formed", text, brief(CopyType.SLOGAN))


@pytest.mark.parametrize(
    ("tone", "text", "fits"),
    [
        (Tone.FORMAL, "It's repaired.", False),
        (Tone.FORMAL, "The owner\u2019s boots don\u2019t last.", False),
        (Tone.FORMAL, "The owner's boots last.", True),
        (Tone.FORMAL, "Repaired!", False),
        (Tone.PROFESSIONAL, "Repaired!", False),
        (Tone.PROFESSIONAL, "It's repaired.", True),
        (Tone.EXCITING, "Repaired!", True),
        (Tone.EXCITING, "Repaired! Fast!", False),
    ],
)
def test_tone_limits_contractions_and_exclamation_marks(tone: Tone, text: str, fits: bool):
    assert check("fits_tone", text, brief(CopyType.SLOGAN, tone)) is fits


def test_a_long_post_may_exclaim_twice():
    post = brief(CopyType.SOCIAL_POST, Tone.EXCITING, Length.LONG)
    assert check("fits_tone", "Go! Go on! Go", post)
    assert not check("fits_tone", "Go! Go on! Go now!", post)


needs_deck = pytest.mark.skipif(not DECK.exists(), reason="the deck is not shipped here")


@needs_deck
def test_each_check_passes_99_percent_of_the_decks_copy():
    rates = pass_rates(deck_rows("train", "valid", "test"))
    low = {name: rate for name, rate in rates.items() if rate[0] / rate[1] < 0.99}
    assert set(rates) == {check.name for check in CHECKS} - {"within_characters"}
    assert not low


@needs_deck
def test_faults_planted_in_the_decks_copy_are_caught():
    rates = catch_rates(deck_rows("valid")[::3])
    floors = {"headline, slogan or subject cut": 0.1, "a digit changed": 0.9}
    missed = {
        fault: (caught, planted)
        for fault, (caught, planted) in rates.items()
        if planted < 10 or caught / planted < floors.get(fault, 0.95)
    }
    assert not missed


def test_checks_take_well_under_a_millisecond():
    run_checks(BOOTS, GOOD)
    started = time.process_time()
    for i in range(200):
        run_checks(BOOTS, f"{GOOD} {i}")
    assert (time.process_time() - started) / 200 < 1e-3


def test_the_checks_import_nothing_heavy():
    code = "import sys, tinycopy.checks; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert not {"torch", "transformers", "numpy", "ctranslate2", "sentencepiece"} & set(loaded)
