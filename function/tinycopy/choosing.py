"""Which of the copies that were sampled for a brief are returned, and in what order.

Whoever samples, a release or the student before conversion, chooses by this. Not here: sampling
(student.py, sentences.py).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tinycopy.brief import Brief
from tinycopy.checks import run_checks
from tinycopy.wording import alike

SAFETY_CHECKS = frozenset({"clean_language", "supported_claims", "no_new_numbers"})
"""Copy that fails one of these is never returned."""


@dataclass(frozen=True)
class Sample:
    """What a student sampled for a brief, its slots filled: '' at a slot that the brief lacks.

    score: mean log probability of a token.  tokens: END included, if it ended.  finished: ended by
    itself, not by the token limit.  faults: of grammar (grammar.py), features after other words,
    and words that stray from the brief (topic.py).
    """

    text: str
    score: float
    tokens: int
    finished: bool
    faults: int = 0


@dataclass(frozen=True)
class Variant:
    """One copy: its text, the checks that apply (True: passed), mean log probability of a token."""

    text: str
    checks: dict[str, bool]
    score: float
    tokens: int

    @property
    def is_safe(self) -> bool:
        return all(self.checks.get(name, True) for name in SAFETY_CHECKS)

    @property
    def is_within(self) -> bool:
        """Whether it keeps the brief's character limit, if there is one."""
        return self.checks.get("within_characters", True)


@dataclass(frozen=True)
class _Candidate:
    variant: Variant
    finished: bool
    faults: int = 0

    @property
    def rank(self) -> tuple[bool, int, int, bool, float]:
        """Least is best."""
        variant = self.variant
        failed = sum(not passed for passed in variant.checks.values())
        return not variant.is_within, failed, self.faults, not self.finished, -variant.score


def enough(chosen: Sequence[Variant], variants: int) -> bool:
    """Whether no more candidates are needed: as many as asked for keep the character limit, and the
    best passes every check."""
    within = sum(variant.is_within for variant in chosen)
    return within >= variants and all(chosen[0].checks.values())


def choose(brief: Brief, samples: Iterable[Sample], variants: int) -> tuple[Variant, ...]:
    """Up to `variants` copies that differ, best first; none that is empty or unsafe."""
    found = []
    for sample in samples:
        text = " ".join(sample.text.split())
        if re.search(r"\w", text):
            variant = Variant(text, run_checks(brief, text), sample.score, sample.tokens)
            found.append(_Candidate(variant, sample.finished, sample.faults))
    return _best(found, variants)


def _best(found: list[_Candidate], variants: int) -> tuple[Variant, ...]:
    """Up to `variants` safe copies, best first, no two ALIKE."""
    chosen: list[Variant] = []
    for candidate in sorted(found, key=lambda candidate: candidate.rank):
        variant = candidate.variant
        if variant.is_safe and not any(alike(variant.text, other.text) for other in chosen):
            chosen.append(variant)
    return tuple(chosen[:variants])
