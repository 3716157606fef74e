"""What kind of phrase a feature is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinycopy.brief import normalise
from tinycopy.phrases import Kind, kind

PHRASES = {
    Kind.ACTION: ["holds 350 ml", "folds flat", "Fits A5", "keeps for 4 years", "never needs oil"],
    Kind.STATE: [
        "dishwasher safe",
        "hand-thrown in Cornwall",
        "made to order",
        "open until 11 pm",
        "washed and dried",
        "available on Sundays",
    ],
    Kind.PRICE: ["£18", "from $9 a month", "€1,890 each", "about £40"],
    Kind.MEASURE: ["790 g", "72 cm high", "183 x 66 cm", "up to 70%", "2 hours 50 minutes"],
    Kind.MANNER: ["without a cable", "in three colours", "by fingerprint", "from May to October"],
    Kind.THING: ["folding widget", "recycled sailcloth"],
    Kind.THINGS: ["two handles", "slots for heat lamps", "up to 40 players"],
    Kind.ONE: ["a folding widget", "folding handle", "set of four pieces", "an hour", "A4 tray"],
    Kind.STUFF: [
        "water at 32 degrees",
        "solid brass",
        "no minimum spend",
        "free delivery",
        "fast charging",
    ],
    Kind.ORDER: ["pay by card", "skip any week", "bring your own cup"],
    Kind.CLAUSE: ["lid included", "repairs available", "battery lasts 18 hours", "no card needed"],
}


@pytest.mark.parametrize(("phrase", "expected"), [(p, k) for k in PHRASES for p in PHRASES[k]])
def test_the_kind_of_a_phrase(phrase: str, expected: Kind) -> None:
    assert kind(phrase) is expected


@given(text=st.text(min_size=1).map(normalise).filter(bool))
def test_any_text_has_a_kind(text: str) -> None:
    assert kind(text) in Kind
