"""Small tools of the checks: phrases in text, word lists, and patterns compiled at first use.

Compiling every pattern at import would cost a cold start tens of milliseconds.
"""

import re
from collections.abc import Iterator
from functools import cached_property


def words(text: str) -> frozenset[str]:
    """The words of a list written as text."""
    return frozenset(text.split())


ALIKE = 0.8
"""Two copies that share this part of their words (Jaccard) count as the same."""


def alike(text: str, other: str) -> bool:
    """Whether two copies are nearly of the same words, in capitals or not."""
    mine, its = (frozenset(re.findall(r"\w+", one.casefold())) for one in (text, other))
    return len(mine & its) >= ALIKE * len(mine | its)


def straight(text: str) -> str:
    """Text with typewriter apostrophes, so that one spelling of "don't" is enough."""
    return text.replace("\u2019", "'").replace("\u2018", "'")


def has_phrase(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text as whole words."""
    text, phrase = straight(text), straight(phrase)
    at = text.find(phrase)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(phrase) : at + len(phrase) + 1]
        joined_before = phrase[0].isalnum() and (before.isalnum() or before == "_")
        joined_after = phrase[-1].isalnum() and (after.isalnum() or after == "_")
        if not joined_before and not joined_after:
            return True
        at = text.find(phrase, at + 1)
    return False


def has_keyword(text: str, keyword: str) -> bool:
    """Whether the keyword stands in the text, in capitals or not, as whole words."""
    return has_phrase(text.lower(), keyword.lower())


class Pattern:
    """A regular expression, compiled at its first use."""

    def __init__(self, *parts: str, flags: int = 0) -> None:
        self._source, self._flags = "".join(parts), flags

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self._source, self._flags)

    def search(self, text: str) -> re.Match[str] | None:
        return self._compiled.search(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        return self._compiled.fullmatch(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        return self._compiled.finditer(text)

    def findall(self, text: str) -> list[str]:
        """All matches, or what the pattern's only group matched."""
        return self._compiled.findall(text)

    def split(self, text: str) -> list[str]:
        return [part or "" for part in self._compiled.split(text)]

    def sub(self, replacement: str, text: str) -> str:
        return self._compiled.sub(replacement, text)
