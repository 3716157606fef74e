"""Which kinds of features a word cannot stand before: "a holds 350 ml", "with dishwasher safe".

Counted in the shipped deck (docs/decisions/2026-11-23-keywords-and-articles.md): what its copy
hardly ever has. Not here: grammar beyond the one word before a slot.
"""

import re

from tinycopy.encoding import FEATURES
from tinycopy.phrases import Kind

_NO_NAME = frozenset([Kind.ACTION, Kind.STATE, Kind.MANNER, Kind.ORDER])
"""Phrases that name nothing which one could have."""
_NO_DEED = frozenset(Kind) - {Kind.ACTION, Kind.CLAUSE, Kind.THING, Kind.THINGS}
"""Phrases that say nothing which one could do."""
_AFTER = {
    "a": frozenset([Kind.ACTION, Kind.STATE, Kind.MANNER, Kind.ORDER, Kind.THINGS]),
    **dict.fromkeys("of the its your our".split(), _NO_NAME),
    **dict.fromkeys("with has have".split(), _NO_NAME | {Kind.ONE}),
    **dict.fromkeys("is are it's they're".split(), frozenset([Kind.ACTION, Kind.ORDER, Kind.ONE])),
    **dict.fromkeys("it that".split(), _NO_DEED),
    **dict.fromkeys("at for from costs weighs".split(), _NO_NAME),
}
_KIND = {marker: kind for kind, markers in FEATURES.items() for marker in markers}
_BEFORE_SLOT = re.compile(rf"(?<![\w'])([\w']+) ([{''.join(_KIND)}])(\s*[^\W\d_])?")


def faults(written: str) -> int:
    """How many features stand after a word that their kind cannot follow.

    written: copy before its slots are filled.
    """
    return sum(_is_fault(*match.groups()) for match in _BEFORE_SLOT.finditer(written))


def _is_fault(word: str, marker: str, following: str | None) -> bool:
    kind = _KIND[marker]
    # "a dishwasher safe mug", "that hand-made mugs bring"
    if kind in (Kind.STATE, Kind.THINGS) and following is not None:
        return False
    return kind in _AFTER.get(word.lower(), ())
