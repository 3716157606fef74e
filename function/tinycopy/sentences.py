"""Long copy, a sentence at a time: several next sentences are sampled, and the best one is kept.

A small student loses the thread of long copy: one odd word leads to odder ones, so that of twelve
whole copies of sixty words none may be sound. Of six next sentences most often one is
(docs/decisions/2026-11-23-sentences.md). Not here: how a model samples (model.py), and the choice
among whole copies (student.py).
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from tinycopy.brief import NAMING, Brief
from tinycopy.checks import run_checks
from tinycopy.encoding import ANY_FEATURE, PRODUCT, Slots
from tinycopy.grammar import faults
from tinycopy.topic import strays
from tinycopy.wording import alike

LEAST_WORDS = 18
"""Copy that has to have as many words is written so; shorter copy is a sentence or two."""
STOPS = (".", "!", "?")
"""The tokens that end a sentence."""
MOST_SENTENCES = 12
_MOST_TOKENS = 45
"""Of one sentence."""
_ROOM = 8
"""Words that a sentence needs."""
_WORDS_FOR_A_KEYWORD = 20
"""Words to be left for each keyword that is not said yet."""
_PRICE_OF_A_WORD = 0.05
"""Nats by which a word that the student adds of its own must be likelier: what tells the brief's
facts in fewer words has less room to be wrong."""
_WORDS_FOR_A_FACT = 10
"""What a sentence that tells one fact takes."""
_MENDED_LATER = frozenset({"length_in_range", "has_keywords", "names_product", "finished"})
"""Checks that the sentences to come can still pass."""


@dataclass(frozen=True)
class Draft:
    """Copy so far: its pieces; as it was written, with slots; its text; the sum of the log
    probabilities of its pieces after the opening, and how many these are."""

    pieces: tuple[str, ...]
    written: str
    text: str
    logprob: float = 0.0
    tokens: int = 0

    @property
    def words(self) -> int:
        return len(self.text.split())


Proceed = Callable[
    [Sequence[Sequence[str]], int, int, Collection[str]], list[list[tuple[list[str], float]]]
]
"""Samples sentences that go on from each of some openings: so many, of about so many tokens at
most, without some slots' markers and without the end of copy. For each opening the new pieces of
each sentence, its stop included, and their mean log probability."""
Decode = Callable[[list[str]], str]
"""The text of some pieces."""


def is_long(brief: Brief) -> bool:
    """Whether copy for a brief is written a sentence at a time."""
    return brief.type in NAMING and brief.word_range[0] >= LEAST_WORDS


class Sentences:
    """Writes drafts for one brief and its slots.

    general: roots of words that fit any brief (topic.py).  sampled, tokens: sentences drawn so
    far, and their tokens.
    """

    def __init__(
        self,
        brief: Brief,
        marked: Slots,
        general: Collection[str],
        decode: Decode,
        proceed: Proceed,
    ) -> None:
        self._brief, self._marked, self._general = brief, marked, general
        self._decode, self._proceed = decode, proceed
        self._markers = frozenset(marker for marker, _ in marked.spans)
        self._required = {marker for marker, _ in marked.keywords} | ({PRODUCT} & self._markers)
        self._facts = self._required | (ANY_FEATURE & self._markers)
        self.sampled = self.tokens = 0

    def write(self, opening: Sequence[str], variants: int, count: int) -> list[Draft]:
        """Up to `variants` drafts with different first sentences, the best first.

        count: first sentences to choose from; for each next one half as many, fewer of each draft
        where there are several. A draft that finds no sentence to go on with before it is long
        enough is dropped.
        """
        start = self._draft(opening)
        if start is None:
            return []
        firsts: list[Draft] = []
        for first in self._next([start], count)[0]:
            if _differs(first, firsts):
                firsts.append(first)
            if len(firsts) == variants:
                break
        return self._finished(firsts, max(1, count // (1 + variants)))

    def _draft(self, pieces: Sequence[str]) -> Draft | None:
        written = self._decode([*pieces])
        text = self._marked.fill(written)
        return None if text is None else Draft(tuple(pieces), written, text)

    def _finished(self, drafts: Sequence[Draft], count: int) -> list[Draft]:
        """The drafts, all of which go on at once, for a batch takes less time than its parts; no
        two that are alike."""
        found = dict(enumerate(drafts))
        ended: set[int] = set()
        for _ in range(MOST_SENTENCES):
            ended |= {i for i, draft in found.items() if self._is_enough(draft)}
            due = [i for i in found if i not in ended]
            if not due:
                break
            for i, following in zip(due, self._next([found[i] for i in due], count), strict=True):
                others = [found[j] for j in found if j != i]
                longer = next((one for one in following if _differs(one, others)), None)
                if longer is not None:
                    found[i] = longer
                elif self._is_whole(found[i]):
                    ended.add(i)
                else:
                    del found[i]
        return [*found.values()]

    def _is_whole(self, draft: Draft) -> bool:
        return draft.words >= self._brief.word_range[0] and not self._required - {*draft.written}

    def _is_enough(self, draft: Draft) -> bool:
        """Whether another sentence would not be worth its risk."""
        least, most = self._brief.word_range
        return self._is_whole(draft) and (
            draft.words >= (least + most) / 2
            or most - draft.words < _ROOM
            or self._facts <= {*draft.written}
        )

    def _next(self, drafts: Sequence[Draft], count: int) -> list[Iterator[Draft]]:
        """Each draft with each usable sentence that was sampled for it, the best first."""
        words = min(draft.words for draft in drafts)
        limit = min(_MOST_TOKENS, 2 * (self._brief.word_range[1] - words) + _ROOM)
        said = self._facts.intersection(*(draft.written for draft in drafts))
        drawn = self._proceed([draft.pieces for draft in drafts], count, limit, said)
        return [self._usable(*each) for each in zip(drafts, drawn, strict=True)]

    def _usable(self, draft: Draft, drawn: Sequence[tuple[list[str], float]]) -> Iterator[Draft]:
        """The draft with each of its next sentences that will do, the best first.

        Checks take the most time, so they are left to whoever asks for one more.
        """
        most = self._brief.word_range[1]
        said = self._facts & {*draft.written}
        ranked = []
        for pieces, score in drawn:
            self.sampled += 1
            self.tokens += len(pieces)
            longer = self._draft((*draft.pieces, *pieces))
            if longer is not None and pieces[-1:] and pieces[-1] in STOPS and longer.words <= most:
                longer = replace(
                    longer,
                    logprob=draft.logprob + score * len(pieces),
                    tokens=draft.tokens + len(pieces),
                )
                added = self._decode(pieces)
                if not said.intersection(added) and _starts_well(draft.text, longer.text):
                    own = _PRICE_OF_A_WORD * (self._own_words(added) + self._untold(longer))
                    ranked.append((*self._oddness(longer, said), own - score, longer))
        # What is whole already needs no sentence that tells nothing of the brief.
        usable = [one for one in ranked if not (one[1] and self._is_whole(draft))]
        ordered = (longer for *_, longer in sorted(usable, key=lambda one: one[:3]))
        return filter(self._passes, ordered)

    def _own_words(self, sentence: str) -> int:
        """How many words of a sentence are in none of the brief's slots."""
        return sum(not self._markers.intersection(word) for word in sentence.split())

    def _untold(self, draft: Draft) -> int:
        """How many words are still to come for which the brief will have no fact left."""
        facts = len(self._facts.difference(draft.written))
        return max(0, self._brief.word_range[0] - draft.words - _WORDS_FOR_A_FACT * facts)

    def _passes(self, draft: Draft) -> bool:
        checks = run_checks(self._brief, draft.text)
        return all(passed for name, passed in checks.items() if name not in _MENDED_LATER)

    def _oddness(self, draft: Draft, said: Collection[str]) -> tuple[int, bool]:
        """Faults, words that stray and keywords that will hardly find room; whether the last
        sentence tells no fact of the brief, though there are some left."""
        room = self._brief.word_range[1] - draft.words
        due = len(self._required - {*draft.written}) - room // _WORDS_FOR_A_KEYWORD
        odd = faults(draft.written, self._marked.spans) + strays(
            self._brief.facts, draft.text, self._general
        )
        told = self._facts & {*draft.written}
        return odd + max(0, due), len(told) == len(said) < len(self._facts)


def _differs(draft: Draft, others: Collection[Draft]) -> bool:
    return not any(alike(draft.text, other.text) for other in others)


def _starts_well(before: str, text: str) -> bool:
    """Whether what was added to a text starts as a sentence does, if a sentence starts there."""
    added = text[len(before) :]
    if not before.endswith(STOPS):
        return True
    first = re.match(r"\s\W*(\w)", added)
    return first is not None and not first[1].islower()
