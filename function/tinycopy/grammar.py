"""Which kinds of features a word cannot stand before: "a holds 350 ml", "with dishwasher safe".

And what a keyword, most often a noun, cannot follow: "you can coffee". Counted in the shipped deck
(docs/decisions/2026-11-23-keywords-and-articles.md): what its copy hardly ever has. Not here:
grammar beyond the two words before a slot.
"""

import functools
import re
from collections.abc import Iterable, Mapping

from tinycopy.encoding import FEATURES, KEYWORDS
from tinycopy.phrases import Kind, kind

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
_KIND = {marker: named for named, markers in FEATURES.items() for marker in markers}
_SLOT = f"[{''.join(_KIND)}]"
_BEFORE_SLOT = re.compile(rf"(?<![\w'])(?:([\w']+) )?([\w']+) ({_SLOT})(?:\s*([^\W\d_]+))?")
_NO_KEYWORD = re.compile(
    rf"\b(?:(?:you|we|they)(?:'re| are)|it(?:'s| is)|can|may|let's|\w+n't|a no) "
    rf"[{''.join(KEYWORDS)}]",
    re.IGNORECASE,
)
_UNNAMED = "".join(marker for marker, named in _KIND.items() if named in _NO_NAME)
_JOINED = re.compile(rf"[{_UNNAMED}],? (?:and|or) [{''.join(KEYWORDS)}](?=[.,;:!?]|$| for| with)")
"""A keyword joined to what names nothing: "holds 350 ml and coffee"."""
_JOINS = frozenset("and at for from in of on or so that to which with".split())
"""Words with which a phrase goes on after its last noun."""
_kind = functools.lru_cache(maxsize=256)(kind)
_VERBS = frozenset("are begins can is may means need needs starts will".split())
_AFTER_A = re.compile(rf"\b[Aa] ([{''.join(KEYWORDS)}])(?:\s*([^\W\d_]+|{_SLOT}))?")


def faults(written: str, spans: Iterable[tuple[str, str]] = ()) -> int:
    """How many features or keywords stand after a word that they cannot follow, or features are
    said again.

    written: copy before its slots are filled.  spans: what fills them, as in Slots.
    """
    said = re.findall(_SLOT, written)
    again = len(said) - len(set(said))
    misplaced = sum(_is_fault(*match.groups()) for match in _BEFORE_SLOT.finditer(written))
    follows = len(_NO_KEYWORD.findall(written)) + len(_JOINED.findall(written))
    return again + misplaced + follows + _not_one(written, dict(spans))


def _not_one(written: str, span_of: Mapping[str, str]) -> int:
    """How often "a" stands before a keyword of which there is not one: "a coffee with"."""
    found = 0
    for marker, following in _AFTER_A.findall(written):
        named = _kind(span_of[marker]) if marker in span_of else None
        # "a coffee table"
        is_part = following != "" and following.lower() not in _JOINS | _VERBS
        found += named is Kind.THINGS or (named is Kind.STUFF and not is_part)
    return found


def _is_fault(before: str | None, word: str, marker: str, following: str | None) -> bool:
    named = _KIND[marker]
    # "a dishwasher safe mug", "that hand-made mugs bring"
    is_part = following is not None and following.lower() not in _JOINS
    if named in (Kind.STATE, Kind.THINGS) and is_part:
        return False
    phrase = f"{before} {word}".lower()
    return named in _AFTER.get(phrase, _AFTER.get(word.lower(), ()))
