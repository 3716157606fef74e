"""The figures of a text: numbers in digits or words, with the currency or unit beside them.

Used by the check for numbers that a brief lacks (checks.py). Years, prices, percentages, times
and ordinals are all figures; "one" and "two" in words are not, for copy uses them as pronouns
("two less to worry about", "this one").
"""

import re
from functools import lru_cache

import msgspec

from tinycopy.wording import Pattern, words

_UNITS_TO_NINETEEN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = {
    **{"third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9},
    **{"tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14},
    **{"fifteenth": 15, "twentieth": 20, "thirtieth": 30, "fortieth": 40, "fiftieth": 50},
}
_VALUES = {
    **{word: value for value, word in enumerate(_UNITS_TO_NINETEEN.split())},
    **{word: 20 + 10 * i for i, word in enumerate(_TENS.split())},
    **_ORDINALS,
    "dozen": 12,
}
_POWERS = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_POWERS |= {word + "th": value for word, value in _POWERS.items()}
_FREE = words("zero one two third fourth fifth sixth seventh eighth tenth hundredth dozen")
"""Words that stand alone as pronouns, fractions or figures of speech, so claim nothing."""

_CURRENCIES = {
    **{"$": "$", "dollar": "$", "dollars": "$", "usd": "$", "bucks": "$", "buck": "$"},
    **{"£": "£", "pound": "£", "pounds": "£", "quid": "£", "gbp": "£"},
    **{"€": "€", "euro": "€", "euros": "€", "eur": "€"},
    **{"¥": "¥", "yen": "¥", "₹": "₹", "rupees": "₹", "kr": "kr", "chf": "chf"},
    **{"pence": "p", "p": "p", "cents": "c", "cent": "c"},
}
_UNITS = {
    alias: names.split()[0]
    for names in (
        "% percent pct",
        "g gram grams gramme grammes",
        "kg kilo kilos kilogram kilograms",
        "mg milligrams",
        "mm millimetre millimetres millimeter millimeters",
        "cm centimetre centimetres centimeter centimeters",
        "m metre metres meter meters",
        "km kilometre kilometres kilometer kilometers",
        "ml millilitre millilitres milliliter milliliters",
        "l litre litres liter liters",
        "oz ounce ounces",
        "lb lbs",
        "inch inches",
        "ft foot feet",
        "mile miles",
        "second seconds sec secs",
        "minute minutes min mins",
        "hour hours hr hrs h",
        "day days",
        "week weeks",
        "month months",
        "year years",
        "am",
        "pm",
        "gb",
        "mb",
        "tb",
        "mah",
        "kwh",
        "lumens lumen",
        "gsm",
    )
    for alias in names.split()
}
LISTED = "listed"
"""The unit of the length of a list, which copy may only give in words ("three styles")."""
IN_NAME = "name"
"""The unit of a figure that is part of the product's name ("Loop 3")."""

_SIGNS = frozenset("$£€¥₹")
_MUST_MATCH = frozenset(_CURRENCIES.values()) | {"%"}
_WORD = "|".join(sorted({*_VALUES, *_POWERS}, key=len, reverse=True))
_UNIT = r"(?=(?:[\s-]?(?P<unit>[a-z]+\b|[%$£€¥₹]))?)"
_DIGITS = Pattern(
    r"(?P<digits>\d+(?:[.,:/]\d+)*)(?:(?:st|nd|rd|th)\b)?",
    r"(?:\s?(?P<power>k|m|bn|hundred|thousand|million|billion)\b)?",
    _UNIT,
)
_SPELLED = Pattern(
    rf"(?<![\w'])(?P<words>(?:{_WORD})(?:[\s-](?:and\s)?(?:{_WORD}))*)\b(?!'s\b){_UNIT}"
)
_BETWEEN = Pattern(r"[\s-]+(?:and\s+)?")
_ANY_WORD = Pattern("[a-z]+")
_NUMBER_WORDS = frozenset({*_VALUES, *_POWERS}) - _FREE
_IDIOM = Pattern(
    r"high[- ]fiv\w+|five-a-side|nine[- ]to[- ]five|cloud nine|\w+-year-olds?|nine lives",
    r"|(?:\w+, )*three[,.]+ two|ten, nine, eight|ten (?:fingers|toes|pins)|four (?:paws|legs)",
    r"|[a-z]+ (?:o'clock|in the morning|at night)|(?:at|past|before|by|in|after|chapter|aisle) ",
    r"(?:five|six|seven|eight|nine|ten|eleven|twelve|fifty)(?= ?[,.?!;:]| ?$| again)|hang ten",
    r"|all (?:three|four|five)|two or three|three[- ]tier|step three|several (?:hundred|billion)",
)
"""Figures of speech and times of day in words, which copy uses to set a scene."""
_LIST_BREAK = Pattern(r", and |, or |, | and | or | & | \+ ")
_GROUPED = Pattern(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_SHORT_POWERS = {"k": 1000, "m": 10**6, "bn": 10**9, **_POWERS}


class Figure(msgspec.Struct, frozen=True):
    """One figure: its values (canonical decimal text; several readings) and its unit, if known.

    shown: the figure as it stands in the text. free: too weak to be a claim of its own.
    """

    shown: str
    values: tuple[str, ...]
    unit: str | None
    free: bool


def figures(text: str) -> list[Figure]:
    """The figures of `text`: those in digits first, then those in words."""
    text = text.lower()
    found = [_in_digits(text, match) for match in _DIGITS.finditer(text)]
    if not _NUMBER_WORDS.isdisjoint(_ANY_WORD.findall(text)):
        found += [_in_words(match) for match in _SPELLED.finditer(_IDIOM.sub(" ", text))]
    return found


def _in_digits(text: str, match: re.Match[str]) -> Figure:
    digits, power, unit = match.group("digits", "power", "unit")
    sign = text[: match.start()].rstrip()[-1:]
    known = _CURRENCIES.get(sign) if sign in _SIGNS else None
    known = known or _UNITS.get(unit) or _CURRENCIES.get(unit)
    value = _canonical(digits)
    if power == "m" and sign not in _SIGNS:
        known = "m"
    values = (value, _scaled(value, _SHORT_POWERS[power])) if power else (value,)
    return Figure(match[0], values, known, free=False)


def _in_words(match: re.Match[str]) -> Figure:
    spelled, unit = match.group("words", "unit")
    parts = _BETWEEN.split(spelled)
    free = len(parts) == 1 and parts[0] in _FREE
    known = _UNITS.get(unit) or _CURRENCIES.get(unit)
    return Figure(spelled, (_spelled(parts),), known, free)


def _canonical(digits: str) -> str:
    """Digits without grouping or idle zeros: 1,200 is 1200, 2.50 is 2.5, 10:30 is 10.3."""
    if _GROUPED.fullmatch(digits):
        digits = digits.replace(",", "")
    elif digits.count(",") == 1:
        digits = digits.replace(",", ".")
    whole, dot, fraction = digits.replace(":", ".").partition(".")
    fraction = fraction.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if dot and fraction else whole


def _scaled(value: str, scale: int) -> str:
    try:
        return _canonical(f"{float(value) * scale:.6f}")
    except ValueError:
        return value


def _spelled(parts: list[str]) -> str:
    """The value of number words: 'twenty', 'five' is 25; 'three', 'hundred' is 300."""
    total = current = 0
    for part in parts:
        if part in _POWERS:
            scale = _POWERS[part]
            current = max(current, 1) * scale
            if scale >= 1000:
                total, current = total + current, 0
        elif part == "dozen":
            current = max(current, 1) * 12
        else:
            current += _VALUES[part]
    return str(total + current)


_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_EVENT = r"(?:open|start|begin|launch|arriv|land|ship|end|clos|return|back|run|deliver)\w*"
_DATED = Pattern(
    rf"(?:\b{_EVENT} (?:in|on|by)|\b(?:from|until|this|next|every)|\b{_EVENT}) ",
    rf"(?:early |late )?(?P<name>{_MONTHS}|{_DAYS})s?\b",
)


_SHORT = "Mon|Tues?|Wed|Thu(?:rs)?|Fri|Sat|Sun|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
_DAY_OF = Pattern(
    rf"\b(?:{_MONTHS}|{_DAYS}|{_SHORT})\.? \d",
    rf"|\d(?:st|nd|rd|th)? (?:of )?(?:{_MONTHS}|{_SHORT})\b",
)
_NAME_IN_DATE = Pattern(rf"{_MONTHS}|{_DAYS}|{_SHORT}")


def new_date(text: str, facts: str) -> str | None:
    """The first month or weekday that `text` dates an event with and `facts` lack, or None."""
    lowered = facts.lower()
    dates = [(match[0], match["name"]) for match in _DATED.finditer(text)]
    for match in _DAY_OF.finditer(text):
        dates += [(match[0], name) for name in _NAME_IN_DATE.findall(match[0])]
    return next((date for date, name in dates if name[:3].lower() not in lowered), None)


_NO_PRICE = Pattern(r"(?<!\d)(?<!\d\s)[$£€¥₹₩₦](?!\s?\d)")


def lacks_figure(text: str, facts: str) -> bool:
    """Whether a currency sign stands without a figure, as it does not in the facts."""
    return _NO_PRICE.search(text) is not None and _NO_PRICE.search(facts) is None


class Known(msgspec.Struct, frozen=True):
    """The figures that a brief gives: every value with the units that it is given in."""

    units: dict[str, frozenset[str | None]]

    def allows(self, figure: Figure) -> bool:
        """Whether the brief gives this figure, in the same currency or unit if both are known."""
        if figure.free:
            return True
        return any(self._allows(value, figure) for value in figure.values)

    def _allows(self, value: str, figure: Figure) -> bool:
        given, unit = self.units.get(value, frozenset()), figure.unit
        if LISTED in given and unit is None and figure.shown.isalpha():
            return True
        given -= {LISTED}
        if not given:
            return False
        if unit is None or unit in given:
            return True
        if unit in _MUST_MATCH:
            return unit == "£" and "lb" in given
        return None in given


@lru_cache(maxsize=512)
def known(product: str | None, facts: str) -> Known:
    """The figures of a brief's facts.

    Besides what it says in figures: the parts of a compound (24 and 7 of 24/7), the length of a
    list ("sweet, bittersweet and hot" are three) and whole weeks of days.
    """
    units: dict[str, set[str | None]] = {}
    in_name = {value for figure in figures(product or "") for value in figure.values}
    rest = facts.replace(product, " ") if product else facts
    for value in in_name:
        units.setdefault(value, set()).add(IN_NAME)
    for figure in (*figures(rest), *figures(product or "")):
        unit = figure.unit or (None if figure.values[0] not in in_name else IN_NAME)
        for value in (*figure.values, *_parts(figure.shown)):
            units.setdefault(value, set()).add(unit)
    for count in map(_listed, facts.split(" ; ")):
        units.setdefault(count, set()).add(LISTED)
    for value in [value for value, found in units.items() if "day" in found]:
        if value.isdigit() and int(value) % 7 == 0:
            units.setdefault(str(int(value) // 7), set()).add("week")
    return Known({value: frozenset(found) for value, found in units.items()})


def _listed(feature: str) -> str:
    """How many things a feature lists: "sweet, bittersweet and hot" are three."""
    return str(1 + len(_LIST_BREAK.findall(feature)))


def _parts(shown: str) -> list[str]:
    spelled = [str(_VALUES[word]) for word in _ANY_WORD.findall(shown) if word in _VALUES]
    compound = re.findall(r"\d+", shown) if re.search(r"\d[/:]\d", shown) else []
    return spelled + [_canonical(part) for part in compound]
