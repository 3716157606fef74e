"""Slot error rate: what a text says against what its meaning representation asks for.

(added + missing + wrong) / slots asked for: Dusek, Howcroft and Rieser, Semantic noise matters for
neural natural language generation, INLG 2019. Their definition adds repeated slots, but their code
counts a value once however often a text says it, and so do the figures that they published; so
repeated slots are counted here beside the rate, not in it.
"""

from collections.abc import Sequence

import msgspec

from finetune.e2e.realisations import REALISATIONS
from finetune.meanings import Slot


class SlotErrors(msgspec.Struct, frozen=True):
    """Errors over a number of slots asked for. repeated: values said again, no errors."""

    added: int
    missing: int
    wrong: int
    repeated: int
    slots: int

    @property
    def count(self) -> int:
        """The errors of all kinds."""
        return self.added + self.missing + self.wrong

    @property
    def rate(self) -> float:
        """Errors per slot asked for; raises ZeroDivisionError where none is."""
        return self.count / self.slots


class _Mention(msgspec.Struct, frozen=True):
    """A stretch of a text, from `start` to before `end`, that says a slot."""

    slot: Slot
    start: int
    end: int

    def within(self, other: "_Mention") -> bool:
        """Whether this is a proper part of the other."""
        inside = other.start <= self.start and self.end <= other.end
        return inside and not self.same_span(other)

    def same_span(self, other: "_Mention") -> bool:
        return (self.start, self.end) == (other.start, other.end)


_CASE_OF = {
    slot: {value.lower(): value for value in values} for slot, values in REALISATIONS.items()
}


def canonical(meaning: Sequence[Slot]) -> list[Slot]:
    """The slots with their values as REALISATIONS writes them.

    Raises ValueError for an attribute or a value that E2E does not have.
    """
    slots = []
    for slot in meaning:
        value = _CASE_OF.get(slot.name, {}).get(slot.value.lower())
        if value is None:
            raise ValueError(f"{slot.name}[{slot.value}] is no attribute and value that E2E has")
        slots.append(Slot(slot.name, value))
    return slots


def said(text: str, meaning: Sequence[Slot]) -> list[Slot]:
    """The slots that a text says; `meaning` (canonical) settles what an ambiguous wording means."""
    asked = set(meaning)
    mentions = [
        _Mention(Slot(name, value), *match.span())
        for name, values in REALISATIONS.items()
        for value, pattern in values.items()
        for match in pattern.finditer(text)
    ]
    kept: list[_Mention] = []
    for mention in mentions:
        others = [other for other in mentions if other is not mention]
        part = any(mention.within(other) for other in others)
        # A wording that several values share counts for the one asked for, or for the first.
        settled = any(
            mention.same_span(other) and (other.slot in asked or other in kept) for other in others
        )
        if not part and not settled:
            kept.append(mention)
    return [mention.slot for mention in kept]


def slot_errors(meaning: Sequence[Slot], text: str) -> SlotErrors:
    """The errors of one text; raises ValueError as `canonical` does."""
    asked = canonical(meaning)
    found = said(text, asked)
    distinct = set(found)
    added = missing = wrong = 0
    for name in REALISATIONS:
        wanted = {slot for slot in asked if slot.name == name}
        given = {slot for slot in distinct if slot.name == name}
        lacking, extra = len(wanted - given), len(given - wanted)
        added += max(extra - lacking, 0)
        missing += max(lacking - extra, 0)
        wrong += min(lacking, extra)
    return SlotErrors(added, missing, wrong, len(found) - len(distinct), len(asked))


def corpus_slot_errors(meanings: Sequence[Sequence[Slot]], texts: Sequence[str]) -> SlotErrors:
    """The errors of all texts; raises ValueError if the two differ in length, or as `canonical`."""
    every = [slot_errors(m, t) for m, t in zip(meanings, texts, strict=True)]
    fields = SlotErrors.__struct_fields__
    return SlotErrors(**{field: sum(getattr(one, field) for one in every) for field in fields})
