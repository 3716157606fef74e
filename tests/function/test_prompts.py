"""A free prompt is told apart into what a form would have asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.function.briefs import of
from tinycopy.brief import MAX_PROMPT
from tinycopy.encoding import PRODUCT, slots
from tinycopy.prompts import Parts, understood
from tinycopy.topic import strays

READ = [
    (
        "Write a headline for my window cleaning round, pure water poles, no ladders, funny plz",
        Parts(None, "window cleaning round", ("pure water poles", "no ladders")),
    ),
    (
        "A puppet hospital called Stitch & Wool mends glove puppets by post within three weeks.",
        Parts(
            "Stitch & Wool", "puppet hospital", ("mends glove puppets by post within three weeks",)
        ),
    ),
    (
        "Kettle & Kin is a tearoom run by refugees, open Sundays.",
        Parts("Kettle & Kin", "tearoom", ("run by refugees", "open Sundays")),
    ),
    (
        "We run a small driving school for anxious learners. Two instructors, automatic cars.",
        Parts(
            None, "small driving school for anxious learners", ("Two instructors", "automatic cars")
        ),
    ),
    (
        "our choir needs tenors, tuesdays 7.30, theres cake at the break",
        Parts(None, "choir", ("needs tenors", "tuesdays 7.30", "theres cake at the break")),
    ),
    (
        "Describe Pumice, a soap for potters that takes off glaze and clay.",
        Parts("Pumice", "soap for potters", ("takes off glaze and clay",)),
    ),
    (
        "Lumen & Loom weave blackout curtains, ready in ten days, from recycled cotton",
        Parts(
            "Lumen & Loom",
            None,
            ("weaves blackout curtains", "ready in ten days", "from recycled cotton"),
        ),
    ),
    (
        "I carve spoons from windfall cherry wood. They are oiled.",
        Parts(None, None, ("carves spoons from windfall cherry wood", "oiled")),
    ),
    (
        "Tell parents that sports day has moved to Friday, bring a sun hat",
        Parts(None, None, ("sports day has moved to Friday", "bring a sun hat")),
    ),
    (
        "School uniform sale, Saturday 24 August, set of posters by Mendippa Prints",
        Parts("Mendippa Prints", "School uniform sale", ("Saturday 24 August", "set of posters")),
    ),
    (
        "the Snugwell, our merino sleeping bag, is machine washable",
        Parts("Snugwell", "merino sleeping bag", ("machine washable",)),
    ),
    (
        "Gutterbird clears, brushes and guarantees it for a year, £60",
        Parts("Gutterbird", None, ("clears, brushes and guarantees it for a year", "£60")),
    ),
    (
        "Sunrise Mug is a travel mug, open Fridays",
        Parts("Sunrise Mug", "travel mug", ("open Fridays",)),
    ),
    (
        "whiteboard wall, write-on surface, 2 m wide",
        Parts(None, "whiteboard wall", ("write-on surface", "2 m wide")),
    ),
    ("please write something funny", Parts(prompt="please write something funny")),
    ("?!", Parts(prompt="?!")),
]


@pytest.mark.parametrize(
    "asked",
    [
        "newsletter subject and posts please",
        "want something chatty but also serious versions",
        "facebook post or ad pls",
        "slogan & google headline",
        "formal and funny",
    ],
)
def test_what_else_is_asked_for_is_no_fact(asked: str) -> None:
    told = Parts(category="camping stove", features=("weighs 90 g",))
    assert understood(f"write smth for our camping stove, weighs 90 g. {asked}") == told


@pytest.mark.parametrize(("prompt", "parts"), READ)
def test_a_prompt_is_told_apart(prompt: str, parts: Parts) -> None:
    assert understood(prompt) == parts


def test_versions_of_what_is_sold_are_a_fact() -> None:
    told = understood("camera strap, comes in two versions, £20")
    assert told.features == ("comes in two versions", "£20")


def test_a_student_reads_a_prompt_as_it_reads_a_form() -> None:
    prompt = of(prompt="Umbrio is a soy sauce aged 18 months, sold in 5 litre cans")
    form = of(
        product="Umbrio",
        category="soy sauce",
        features=["aged 18 months", "sold in 5 litre cans"],
    )
    assert slots(prompt) == slots(form)
    assert slots(prompt).fill(f"{PRODUCT} it is") == "Umbrio it is"
    assert slots(prompt, 3).source != slots(form, 3).source


@given(st.text(min_size=1, max_size=MAX_PROMPT).filter(str.strip))
def test_nothing_that_a_caller_can_type_breaks_it(prompt: str) -> None:
    parts = understood(prompt)
    told = [text for text in (parts.product, parts.category, *parts.features) if text is not None]
    assert told or parts.prompt == prompt
    assert all(text.strip() for text in told)


@pytest.mark.parametrize(
    ("copy", "count"),
    [
        ("A glazed mug for your day", 0),
        ("Mugs for the day", 0),
        ("A torque wrench for your day", 3),
        ("For your day", 1),
        ("Glazing, and a torque", 1),
    ],
)
def test_words_that_stray_from_the_brief_are_counted(copy: str, count: int) -> None:
    general = ("a", "and", "for", "your", "the", "day")
    assert strays("glazed mug ; holds 350 ml", copy, general) == count
    assert strays("glazed mug", copy, ()) == 0
