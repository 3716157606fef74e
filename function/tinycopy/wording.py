"""Small tools of the checks: word lists, and patterns compiled only when first used.

Compiling every pattern at import would cost a cold start tens of milliseconds.
"""

import re
from collections.abc import Iterator
from functools import cached_property


def words(text: str) -> frozenset[str]:
    """The words of a list written as text."""
    return frozenset(text.split())


def straight(text: str) -> str:
    """Text with typewriter apostrophes, so that one spelling of "don't" is enough."""
    return text.replace("\u2019", "'").replace("\u2018", "'")


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
