"""Words of a copy that stray from its brief: not the brief's, nor such as copy for anything has.

A small student remembers mugs where a brief has a workshop for amber. Which words are general, its
deck tells (finetune/general_words.py); the release's manifest carries them.
"""

import functools
import re
from collections.abc import Collection

_WORD = re.compile(r"[^\W\d_]+")
_ENDING = re.compile(r"(?<=\w{3})(?:ings?|e[drs]|[esy])$")
_DOUBLE = re.compile(r"(.)\1$")


@functools.lru_cache(maxsize=2048)
def _root(word: str) -> str:
    return _DOUBLE.sub(r"\1", _ENDING.sub("", word))


def roots(text: str) -> frozenset[str]:
    """The words of a text without capitals and without the commonest endings of English."""
    return frozenset(map(_root, _WORD.findall(text.lower())))


def strays(facts: str, copy: str, general: Collection[str]) -> int:
    """How many words of the copy neither the facts nor the `general` roots have; one more if it
    has no word of the facts but general ones; 0 if no root is known to be general.
    """
    if not general:
        return 0
    special = roots(copy).difference(general)
    known = special & roots(facts)
    return len(special) - len(known) + (not known)
