"""Which kinds of features a word cannot stand before: "a holds 350 ml", "with dishwasher safe".

And what a keyword, most often a noun, cannot follow: "you can coffee". Counted in the shipped deck
(docs/decisions/2026-11-23-keywords-and-articles.md): what its copy hardly ever has. Not here:
grammar beyond the two words before a slot.
"""

import re

from tinycopy.encoding import FEATURES, KEYWORDS
from tinycopy.phrases import Kind

_NO_NAME = frozenset([Kind.ACTION, Kind.STATE, Kind.MANNER, Kind.ORDER])
"""Phrases that name nothing which one could have."""
_NO_DEED = frozenset(Kind) - {Kind.ACTION, Kind.CLAUSE, Kind.THING, Kind.THINGS}
"""Phrases that say nothing which one could do."""
_NO_PRICE = frozenset(Kind) - {Kind.PRICE, Kind.MEASURE}
_AFTER = {
    "a": frozenset([Kind.ACTION, Kind.STATE, Kind.MANNER, Kind.ORDER, Kind.THINGS]),
    **dict.fromkeys("of the its your our".split(), _NO_NAME),
    **dict.fromkeys("with has have".split(), _NO_NAME | {Kind.ONE}),
    **dict.fromkeys("is are it's they're".split(), frozenset([Kind.ACTION, Kind.ORDER, Kind.ONE])),
    **dict.fromkeys("it that".split(), _NO_DEED),
    **dict.fromkeys("at for from weighs".split(), _NO_NAME),
    **dict.fromkeys("in the you".split(), frozenset([Kind.ACTION, Kind.STATE, Kind.PRICE])),
    **dict.fromkeys("costs costing".split(), _NO_PRICE),
    **dict.fromkeys(
        [f"{noun} is" for noun in "price cost charge fee".split()]
        + [f"{verb} at" for verb in "priced offered".split()],
        _NO_PRICE,
    ),
}
_KIND = {marker: kind for kind, markers in FEATURES.items() for marker in markers}
_SLOT = f"[{''.join(_KIND)}]"
_BEFORE_SLOT = re.compile(rf"(?<![\w'])(?:([\w']+) )?([\w']+) ({_SLOT})(?:\s*([^\W\d_]+))?")
_NO_KEYWORD = re.compile(
    rf"\b(?:(?:you|we|they)(?:'re| are)|it(?:'s| is)|can|may|\w+n't|a no) [{''.join(KEYWORDS)}]",
    re.IGNORECASE,
)
_UNNAMED = "".join(marker for marker, kind in _KIND.items() if kind in _NO_NAME)
_JOINED = re.compile(rf"[{_UNNAMED}],? (?:and|or) [{''.join(KEYWORDS)}](?=[.,;:!?]|$| for| with)")
"""A keyword joined to what names nothing: "holds 350 ml and coffee"."""
_JOINS = frozenset("and at for from in of on or so that to which with".split())
"""Words with which a phrase goes on after its last noun."""


def faults(written: str) -> int:
    """How many features or keywords stand after a word that they cannot follow, or features are
    said again.

    written: copy before its slots are filled.
    """
    said = re.findall(_SLOT, written)
    again = len(said) - len(set(said))
    misplaced = sum(_is_fault(*match.groups()) for match in _BEFORE_SLOT.finditer(written))
    keywords = len(_NO_KEYWORD.findall(written)) + len(_JOINED.findall(written))
    return again + misplaced + keywords


def _is_fault(before: str | None, word: str, marker: str, following: str | None) -> bool:
    kind = _KIND[marker]
    # "a dishwasher safe mug", "that hand-made mugs bring"
    is_part = following is not None and following.lower() not in _JOINS
    if kind in (Kind.STATE, Kind.THINGS) and is_part:
        return False
    phrase = f"{before} {word}".lower()
    return kind in _AFTER.get(phrase, _AFTER.get(word.lower(), ()))
