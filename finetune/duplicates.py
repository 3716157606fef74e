"""Near-duplicates: texts whose character shingles are nearly the same, found exactly.

Not covered here: what is done about them (splits.py drops copy and links products).
"""

import math
import unicodedata
from array import array
from collections import Counter
from collections.abc import Sequence

SHINGLE = 8
"""Characters per shingle: most copy is too short for word shingles to tell it apart."""


def folded(text: str) -> str:
    """A text's letters and digits, case and accents folded, one space for anything between them."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = (c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join("".join(kept).split())


def shingles(text: str) -> set[str]:
    """The runs of SHINGLE characters of the folded text; the whole of it if it is shorter."""
    plain = folded(text)
    return {plain[i : i + SHINGLE] for i in range(max(1, len(plain) - SHINGLE + 1))}


class NearIndex:
    """Finds those of the texts added so far that are near another of `texts`.

    Near means a Jaccard similarity of shingles (shared / all) of at least `threshold`. The answer
    is exact, by prefix filtering (Bayardo, Ma and Srikant, "Scaling up all pairs similarity
    search", WWW 2007): two sets that near share one of their rarest shingles, so only the rarest
    `n - ceil(threshold * n) + 1` of a set of n are looked up. Texts are named by their position.
    """

    def __init__(self, texts: Sequence[str], threshold: float) -> None:
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold: {threshold} is not in (0, 1]")
        self._threshold = threshold
        count = Counter(s for text in texts for s in shingles(text))
        rarest_first = sorted(count, key=lambda s: (count[s], s))
        rank = {s: i for i, s in enumerate(rarest_first)}
        self._ranks = [array("I", sorted(rank[s] for s in shingles(text))) for text in texts]
        self._holders: dict[int, list[int]] = {}

    def add(self, position: int) -> None:
        """From now on, `near` may name this text."""
        for rank in self._prefix(position):
            self._holders.setdefault(rank, []).append(position)

    def near(self, position: int) -> list[int]:
        """The positions of the added texts that are near this one, in ascending order."""
        asked = set(self._ranks[position])
        fewest, most = len(asked) * self._threshold, len(asked) / self._threshold
        candidates = {p for r in self._prefix(position) for p in self._holders.get(r, ())}
        return sorted(
            p
            for p in candidates
            if fewest <= len(self._ranks[p]) <= most
            and self._similarity(asked, p) >= self._threshold
        )

    def _prefix(self, position: int) -> "array[int]":
        ranks = self._ranks[position]
        return ranks[: len(ranks) - math.ceil(len(ranks) * self._threshold) + 1]

    def _similarity(self, asked: set[int], position: int) -> float:
        shared = len(asked.intersection(self._ranks[position]))
        return shared / (len(asked) + len(self._ranks[position]) - shared)
