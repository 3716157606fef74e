"""How texts say the values of E2E's attributes: one pattern for each value.

Which wordings stand for a value is part of the slot error rate's definition, so the patterns here
accept what those of Dusek, Howcroft and Rieser accept (Semantic noise matters for neural natural
language generation, INLG 2019; slot_error.py of its code). They are written anew, from parts.
"""

import re
from collections.abc import Iterable
from re import Pattern

_KIDS = "(?:kids?|child(?:ren)?|famil(?:y|ies))"
_KID = "(?:child|children|family|kids|kid)"
_MINDED = r"(?:friendly|orien(?:ta)?ted)"
_SOME_WORDS = r"(?:\w+ ){0,2}"
_PRICED = "[- ]+price[ds]?"
_PRICES = r"prices?(?: range)?(?: \w+){0,3} "
_MIDDLING = "(?:moderate|reasonable|ok|average)"
_CHEAPLY = "(?:inexpensive|cheap)(?:ly)?"
_JUDGEMENT = "reviews?|standards?|quality"


def _family(verb: str, not_: str = "") -> tuple[str, str]:
    """'kids are welcome' and 'welcomes kids', or their opposites."""
    return (
        rf"{_KIDS} (?:are|is){not_} (?:welcome|allowed|accepted)",
        rf"{verb} {_SOME_WORDS}(?:kids?|child(?:ren)?|famil(?:y|ies)|all age)",
    )


def _stars(number: str, of_five: str = "(?: stars?)?") -> str:
    """'3 stars', '3 of 5', '3 out of 5 stars'."""
    return f"(?:{number})(?:(?: out)? of (?:5|five){of_five}|[- ]+stars?)"


def _rated(number: str, follows: str, precedes: str, *, and_stars: bool) -> tuple[str, ...]:
    """'3 stars', 'a rating that is average', 'average customer rating'.

    and_stars: the last two may go on with the number, 'an average rating of 3 out of 5'.
    """
    after = rf"(?:(?: \w+){{0,3}} {_stars(number, '')})?" if and_stars else ""
    before = rf"(?:(?: \w+){{0,3}} {_stars(number)})?" if and_stars else ""
    return (
        _stars(number),
        rf"(?:rat(?:ings?|e[ds]?)|{_JUDGEMENT})(?: \w+){{0,2}} (?:as )?(?:{follows}){after}",
        rf"(?:{precedes})(?:ly)?(?:[ -]+\w+){{0,2}}[ -]+(?:rat(?:ings?|ed)|{_JUDGEMENT}){before}",
    )


_BAD = "low|bad|poor"
_NOT_GOOD = rf"{_BAD}|(?:not|doesn't|isn't)(?: \w+){{0,2}} (?:good|well)"
_AVERAGE = "average|(?<!very )(?:good|well)"
_GOOD = "high|excellent|very good|great"

_NAMES = (
    "Alimentum|Aromi|Bibimbap House|Blue Spice|Browns Cambridge|Clowns|Cocum|Cotto|Fitzbillies"
    "|Giraffe|Green Man|Loch Fyne|Midsummer House|Strada|Taste of Cambridge|The Cambridge Blue"
    "|The Cricketers|The Dumpling Tree|The Eagle|The Golden Curry|The Golden Palace|The Mill"
    "|The Olive Grove|The Phoenix|The Plough|The Punter|The Rice Boat|The Twenty Two|The Vaults"
    "|The Waterman|The Wrestlers|Travellers Rest Beefeater|Wildwood|Zizzi"
)
_NEAR = (
    "All Bar One|Avalon|Burger King|Café Adriatic|Café Brazil|Café Rouge|Café Sicilia|Clare Hall"
    "|Crowne Plaza Hotel|Express by Holiday Inn|Rainbow Vegetarian Café|Raja Indian Cuisine|Ranch"
    "|The Bakers|The Portland Arms|The Rice Boat|The Six Bells|The Sorrento|Yippee Noodle Bar"
)

_WORDINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "area": {
        "city centre": (
            "(?:city|town) cent(?:re|er)",
            "cent(?:re|er) of (?:the )?(?:city|town)",
            "in the cent(?:re|er)",
        ),
        "riverside": (
            "riverside",
            "(?:near|by|at|close to|along|on|off|beside) the river",
        ),
    },
    "eatType": {
        "coffee shop": ("coffee[- ]+shop", "caf[eé]", "coffee"),
        "pub": ("pub",),
        "restaurant": ("restaurant",),
    },
    "familyFriendly": {
        "no": (
            rf"(?:isn't|not|non|no)[ -]+{_SOME_WORDS}{_KID}[ -]+{_MINDED}",
            rf"{_KID}[ -]+unfriendly",
            "adults?[ -]+only",
            "only for adults",
            "(?:no|not) (?:kids|children|famil(?:y|ies))",
            r"(?:not|no)(?: good| suitable| friendly| orien(?:ta)?ted| open(?:ed))? "
            r"(?:at|for|to|with)(?: the)? (?:kids|children|family|families|all age)",
            *_family("(?:does not|doesn't) (?:welcome|allow|accept)", "(?:n't| not)"),
            "adult (?:establishment|venue|place|establish)",
        ),
        "yes": (
            "for (?:kids|children|family|families)",
            "family place",
            "place to bring the(?: whole)? family",
            # No space after "the", as in the original: it never matches, and must not here.
            r"(?:friendly|suitable|good|orien(?:ta)?ted|open(?:ed)) (?:at|with|to|for)"
            r"(?: the)(?:kids?|child(?:ren)?|famil(?:y|ies)?|all age)",
            rf"{_KID}[ -]+{_MINDED}",
            *_family("(?:welcomes?|allows?|accepts?)"),
        ),
    },
    "food": {
        "Chinese": ("Chinese?",),
        "English": ("English", "British"),
        **{food: (food,) for food in ("Fast food", "French", "Indian", "Italian", "Japanese")},
    },
    "name": {name: (name,) for name in _NAMES.split("|")},
    "near": {near: (near,) for near in _NEAR.split("|")},
    "priceRange": {
        "cheap": (_CHEAPLY, f"low{_PRICED}", "affordabl[ey]", f"{_PRICES}low"),
        "less than £20": (
            _CHEAPLY,
            "affordabl[ey]",
            "(?:less than|under) £? *20",
            "moderately priced",
            f"low{_PRICED}",
            f"{_PRICES}low",
        ),
        "more than £30": (
            "(?:more than|over) £? *30",
            f"high{_PRICED}",
            "expensive",
            "not cheap",
            f"{_PRICES}high",
        ),
        "high": (f"high{_PRICED}", "expensive", f"{_PRICES}high"),
        "moderate": (
            f"{_MIDDLING}(?:ly)?{_PRICED}",
            "not cheap",
            "affordable",
            "mid[- ]+(?:range[- ]+)price[ds]?",
            f"{_PRICES}{_MIDDLING}",
        ),
        "£20-25": (
            "£? *20 *(?:[-–]*|to) *25",  # noqa: RUF001 (an en dash, as texts have it)
            f"{_MIDDLING}(?:ly)?{_PRICED}",
            f"{_PRICES}{_MIDDLING}",
            "affordable",
        ),
    },
    "customer rating": {
        "1 out of 5": _rated("1|one", _BAD, _NOT_GOOD, and_stars=True),
        "3 out of 5": _rated("3|three", "average", _AVERAGE, and_stars=True),
        "5 out of 5": _rated("5|five", "high", _GOOD, and_stars=True),
        "high": _rated("5|five", "high", f"{_GOOD}|well", and_stars=False),
        "average": _rated("3|three", "average", _AVERAGE, and_stars=False),
        "low": _rated("1|one", _BAD, _NOT_GOOD, and_stars=False),
    },
}


def _compiled(wordings: Iterable[str]) -> Pattern[str]:
    """Any of the wordings, as whole words in any case."""
    return re.compile("|".join(rf"\b{wording}\b" for wording in wordings), re.IGNORECASE)


REALISATIONS: dict[str, dict[str, Pattern[str]]] = {
    slot: {value: _compiled(wordings) for value, wordings in values.items()}
    for slot, values in _WORDINGS.items()
}
"""Attribute -> value -> pattern. Of wordings that several values share, the earlier value wins."""
