"""The words of a text by their stems, so that "glazed" is found in "a glaze"."""

import re
from dataclasses import dataclass

from nltk.stem.snowball import EnglishStemmer

_WORD = re.compile(r"[£$€]?\d+(?:[.,:/]\d+)*%?|[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_SMALL = frozenset(
    """
    a an the and or of to in on for with from by at is are be as it its our your you we every
    each no not all any that this into per up out off
    """.split()
)
_STEMMER = EnglishStemmer()


@dataclass(frozen=True)
class Word:
    """A word or a figure of a text, from `start` to `end`."""

    stem: str
    start: int
    end: int

    @property
    def is_small(self) -> bool:
        """Whether it only joins others and says nothing by itself."""
        return self.stem in _SMALL


def words(text: str) -> list[Word]:
    """The words and figures of a text, in order."""
    return [Word(_STEMMER.stem(m[0].lower()), *m.span()) for m in _WORD.finditer(text)]
