"""How much of a copy its brief says: the share of its words that a caller could have asked for.

People put more into copy than the brief says, and a small model that learns from them learns to
make things up; training on the copy that keeps to its brief is the remedy that Filippova (2020)
and Tian et al. (2019) found for text from data. Not here: claims and figures that a brief does not
support, which are checks (tinycopy/checks.py).
"""

import math
from collections.abc import Sequence

from finetune.deck import Row
from finetune.words import words
from tinycopy.brief import Brief, CopyType


def grounding(brief: Brief, copy: str) -> float:
    """The share, 0-1, of the copy's words of substance that its brief has; 0 if it has none."""
    asked = {word.stem for word in words(f"{brief.facts} {brief.audience or ''}")}
    said = [word.stem for word in words(copy) if not word.is_small]
    return sum(stem in asked for stem in said) / len(said) if said else 0.0


def most_grounded(rows: Sequence[Row], share: float) -> list[Row]:
    """Of the rows of each type the most grounded `share`, 0-1, in the order of `rows`."""
    scores = [grounding(row.brief, row.copy) for row in rows]
    least = {}
    for type_ in CopyType:
        of_type = [s for s, row in zip(scores, rows, strict=True) if row.brief.type == type_]
        kept = math.ceil(share * len(of_type))
        least[type_] = sorted(of_type, reverse=True)[kept - 1] if kept else math.inf
    return [row for row, s in zip(rows, scores, strict=True) if s >= least[row.brief.type]]
