"""A brief in the words of its copy: each feature worded as the copy words it.

People seldom repeat a feature as it was given to them; a small model that learns from their copy
learns to change features, and changes them into nonsense. Told that the brief had the copy's own
words, it learns to take over what it is given. Not here: other ways in which copy fits another
brief than the one that it was written for (distill/hindsight.py).
"""

import itertools
import re
from collections.abc import Iterator

import msgspec

from finetune.words import Word, words
from tinycopy.brief import Brief
from tinycopy.phrases import as_phrases

COVERED = 0.6
"""Least share of a feature's words of substance that its wording in the copy has."""
OWN = 0.6
"""Least share of the wording's words that are the feature's own or small words."""
LONGER = 3
"""Most words that the wording has more than the feature."""

_AFTER_HEAD = frozenset(["at", "by", "for", "from", "in", "of", "on", "to", "who", "with"])
"""Words that what a name is about stands before: "owners of boats" are owners."""
_BREAK = re.compile(r"[.!?;:,]['\"\u201d\u2019)]*\s")
"""What may not stand within the wording of a feature."""
_SENTENCE_END = re.compile(r"[.!?;:]['\"\u201d\u2019)]*\s")
"""The same of a feature that has a comma itself."""


def reworded(brief: Brief, copy: str) -> Brief:
    """The brief with each feature as the copy words it, and its category and audience as short.

    What the copy leaves out stays as it is.
    """
    taken = [match.span() for match in re.finditer(re.escape(brief.product or ""), copy)]
    features = []
    for feature in as_phrases(brief.features):
        found = _wording(feature, copy, taken)
        features.append(feature if found is None else _as_feature(copy[slice(*found)], feature))
        if found is not None:
            taken.append(found)
    return msgspec.structs.replace(
        brief,
        features=tuple(features),
        category=brief.category and _shortened(brief.category, copy),
        audience=brief.audience and _shortened(brief.audience, copy),
    )


def _shortened(name: str, copy: str) -> str:
    """The most of a thing's name that the copy has: "kettle", of a "travel kettle for two"."""
    parts = name.split()
    end = next((i for i, part in enumerate(parts) if i and part in _AFTER_HEAD), len(parts))
    for shorter in (name, *(" ".join(parts[start:end]) for start in range(end))):
        if re.search(rf"(?<!\w){re.escape(shorter)}(?!\w)", copy, re.I):
            return shorter
    return name


def _wording(feature: str, copy: str, taken: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Start and end of the feature in the copy, best covered and then shortest, not in `taken`."""
    wanted = words(feature)
    own = [word.stem for word in wanted]
    substance = frozenset(word.stem for word in wanted if not word.is_small)
    if len(own) < 2 or not substance:
        return None
    said = words(copy)
    boundary = _SENTENCE_END if "," in feature else _BREAK
    best: tuple[tuple[float, float, int], int, int] | None = None
    for first, last in _ranges(said, substance, len(own) + LONGER):
        start, end = said[first].start, said[last].end
        if boundary.search(copy, start, end) or any(a < end and start < b for a, b in taken):
            continue
        span = said[first : last + 1]
        covered = len(substance.intersection(word.stem for word in span)) / len(substance)
        is_own = sum(word.stem in own or word.is_small for word in span) / len(span)
        score = (covered, is_own, first - last)
        if covered >= COVERED and is_own >= OWN and (best is None or score > best[0]):
            best = score, first, last
    if best is None:
        return None
    _, first, last = best
    while first and _leads(said[first - 1], said[first], own, copy):
        first -= 1
    return said[first].start, said[last].end


def _ranges(said: list[Word], substance: frozenset[str], longest: int) -> Iterator[tuple[int, int]]:
    """First and last word of each range of at most `longest` that starts and ends in substance."""
    hits = [index for index, word in enumerate(said) if word.stem in substance]
    for first, last in itertools.combinations_with_replacement(hits, 2):
        if last - first < longest:
            yield first, last


def _leads(word: Word, following: Word, own: list[str], copy: str) -> bool:
    """Whether a small word of the feature stands before its next word in the copy too."""
    return (
        word.is_small
        and word.stem in own
        and own.index(word.stem) < own.index(following.stem)
        and copy[word.end : following.start] == " "
    )


def _as_feature(wording: str, feature: str) -> str:
    """The wording without the capital that only the start of a sentence gave it."""
    first = wording.split()[0]
    if first[1:].islower() and feature[:1].islower():
        return wording[0].lower() + wording[1:]
    return wording
