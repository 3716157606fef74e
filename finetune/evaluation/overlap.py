"""Words that copy shares with training copy: how much a generator repeats what it has read."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from tinycopy.brief import Brief

COPIED_RUN = 8
"""A run of this many words in a row counts as copied from training copy."""

_SEED = 4
"""Runs are looked up by their first words; four in a row are rare enough to try each place."""

_WORD = re.compile(r"\w+(?:['\u2019.,-]\w+)*")
_END = ""


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation around them."""
    return [w.replace("\u2019", "'") for w in _WORD.findall(text.lower())]


class TrainingCopy:
    """The copy of a training split, indexed by its runs of words."""

    def __init__(self, copies: Iterable[str]) -> None:
        # All copy in one list; an empty word, which no text contains, ends each.
        self._words = [w for copy in dict.fromkeys(copies) for w in (*words(copy), _END)]
        self._shorter: set[tuple[str, ...]] = set()
        self._places: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for i in range(len(self._words)):
            run = tuple(self._words[i : i + _SEED])
            if _END not in run:
                self._places[run].append(i)
            self._shorter.update(run[:n] for n in range(1, _SEED) if _END not in run[:n])

    def longest_run(self, brief: Brief, copy: str) -> int:
        """Words in the longest run that `copy` shares with any training copy.

        The brief's own words are set aside: a run that stands in one field of the brief does not
        count, however often training copy has it. A run that goes on past it counts in full.
        """
        written = words(copy)
        own = [f" {' '.join(words(field))} " for field in brief.facts.split(" ; ")]
        longest = 0
        for i in range(len(written)):
            length = self._match(written, i)
            if length <= longest:
                continue
            run = f" {' '.join(written[i : i + length])} "
            if not any(run in field for field in own):
                longest = length
        return longest

    def _match(self, written: Sequence[str], start: int) -> int:
        """Words of the longest run in training copy that begins like `written[start:]`."""
        places = self._places.get(tuple(written[start : start + _SEED]))
        if places:
            return max(self._extend(written, start, place) for place in places)
        for n in range(min(_SEED - 1, len(written) - start), 0, -1):
            if tuple(written[start : start + n]) in self._shorter:
                return n
        return 0

    def _extend(self, written: Sequence[str], start: int, place: int) -> int:
        length = _SEED
        while (
            start + length < len(written) and written[start + length] == self._words[place + length]
        ):
            length += 1
        return length
