"""Names of a brief, and variants of them that copy must not contain.

A name is a capitalised word of the product, or of any other field where no field starts. A word of
the copy is a garbled name when it is capitalised, is none of the brief's words, and is a letter or
two away from a name ("Fenick", "Fennnick", "Fennickop" for "Fennick").
"""

from functools import lru_cache

from tinycopy.brief import Brief
from tinycopy.wording import Pattern, straight

_WORD = Pattern(r"(?<![#@\w])[^\W\d_]+(?:'[^\W\d_]+)*")
_INNER_CAPITAL = Pattern(r"(?<=[\w,&] )[^\W\d_a-z][\w']+")
_MIN_LETTERS = 5
_LONG_NAME = 8
_DERIVED = ("n", "an", "er", "ing", "ed", "y", "ly", "ery", "ish", "d", "r", "men", "man")
"""Endings that make another word of a name, or a name of another word: "Cumbrian", "Sleeper"."""


def garbled(brief: Brief, text: str) -> str | None:
    """The first word of `text` that is a garbled name of the brief, or None."""
    known, names = _words(brief.product, brief.facts)
    if not names:
        return None
    for word in _WORD.findall(straight(text)):
        if len(word) >= _MIN_LETTERS - 1 and word[0].isupper():
            stem = _stem(word)
            if stem not in known and any(_close(stem, name) for name in names):
                return word
    return None


@lru_cache(maxsize=512)
def _words(product: str | None, facts: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The stems of all words of the brief, and of its names long enough to be told apart."""
    facts = straight(facts)
    names = [*_WORD.findall(straight(product or "")), *_INNER_CAPITAL.findall(facts)]
    stems = {_stem(name) for name in names if name[0].isupper()}
    known = frozenset(_stem(word) for word in _WORD.findall(facts))
    return known, tuple(sorted(stem for stem in stems if len(stem) >= _MIN_LETTERS))


def _stem(word: str) -> str:
    """Lower case without a possessive, contraction or plural ending."""
    stem = word.lower()
    for ending in ("'s", "'ll", "'d", "'re", "'ve", "'"):
        stem = stem.removesuffix(ending)
    stem = stem.replace("'", "")
    return stem[:-1] if stem.endswith("s") and len(stem) > 3 else stem


def _close(word: str, name: str) -> bool:
    """One edit away, two in a long name; or the name with up to three letters run on."""
    longer, shorter = (word, name) if len(word) > len(name) else (name, word)
    extra = len(longer) - len(shorter)
    if extra > 3 or (word[0] != name[0] and len(name) < _LONG_NAME):
        return False
    if longer.startswith(shorter):
        derived = longer[len(shorter) :] in _DERIVED
        return not derived and (extra <= 2 or longer is word) and len(shorter) >= _MIN_LETTERS
    return extra <= 2 and _edits(word, name) <= (2 if len(name) >= _LONG_NAME else 1)


def _edits(a: str, b: str) -> int:
    """Damerau-Levenshtein distance (optimal string alignment): a swap of neighbours is one edit."""
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
