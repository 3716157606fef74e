"""Names of a brief, and variants of them that copy must not contain.

A name is a capitalised word of the product, or of any other field where no sentence starts. A word
of the copy is a garbled name when it is capitalised, is none of the brief's words, and is a few
letters away from a name ("Fenick", "Fennnick", "Fennickop" for "Fennick").
"""

import re
from functools import lru_cache

from tinycopy.brief import Brief

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_MIN_LETTERS = 5


def garbled(brief: Brief, text: str) -> str | None:
    """The first word of `text` that is a garbled name of the brief, or None."""
    known, names = _words(brief.product, brief.facts)
    if not names:
        return None
    for word in _WORD.findall(text):
        if len(word) >= _MIN_LETTERS - 1 and word[0].isupper():
            stem = _stem(word)
            if stem not in known and any(_close(stem, name) for name in names):
                return str(word)
    return None


@lru_cache(maxsize=512)
def _words(product: str | None, facts: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The stems of all words of the brief, and of its names long enough to be told apart."""
    words = _WORD.findall(facts)
    inner = [w for w in re.findall(r"(?<=[\w,] )[^\W\d_a-z][\w'’]+", facts) if w[0].isupper()]
    names = [*_WORD.findall(product or ""), *inner]
    capitalised = {_stem(w) for w in names if w[0].isupper()}
    return (
        frozenset(map(_stem, words)),
        tuple(sorted(name for name in capitalised if len(name) >= _MIN_LETTERS)),
    )


def _stem(word: str) -> str:
    """Lower case without a possessive or plural ending."""
    word = re.sub(r"['’]s?$|['’]", "", word.lower())
    return word[:-1] if word.endswith("s") and len(word) > 3 else word


def _close(word: str, name: str) -> bool:
    """One edit away, or two in a name of eight letters; or the name with letters run on or cut."""
    if abs(len(word) - len(name)) > 3 or word[0] != name[0]:
        return False
    if len(name) >= 6 and word != name and (word.startswith(name) or name.startswith(word)):
        return abs(len(word) - len(name)) <= 3
    return _edits(word, name) <= (2 if len(name) >= 8 else 1)


def _edits(a: str, b: str) -> int:
    """Levenshtein distance, a swap of neighbours counting as one edit."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, previous, row = row if i == 1 else previous, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
    return row[-1]
