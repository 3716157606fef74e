"""Greedy copy from a student, before and after conversion, and how good it is.

Greedy, because it depends on the weights alone: the score of a checkpoint and the parity of a
converted student must not depend on luck.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sacrebleu
import sentencepiece

from finetune.deck import Row
from finetune.generators.likeliest import release_texts, torch_texts
from tinycopy.checks import run_checks
from tinycopy.model import Model
from tinycopy.settings import Settings

MAX_NEW_TOKENS = 200
_PENALTY = Settings.repetition_penalty


@dataclass(frozen=True)
class Quality:
    """Greedy copy against the deck's: both in [0, 1].

    chrf: sacrebleu's corpus chrF / 100.  checks: the share of copies that pass every check.
    """

    chrf: float
    checks: float


def write_with_torch(
    model: Any, vocabulary: sentencepiece.SentencePieceProcessor, rows: Sequence[Row]
) -> list[str]:
    """Greedy copy for the brief of each row, slots filled; '' where a slot is unknown."""
    briefs = [row.brief for row in rows]
    return torch_texts(model, vocabulary, briefs, MAX_NEW_TOKENS, repetition_penalty=_PENALTY)


def write_with_ctranslate2(
    model: Model,
    vocabulary: sentencepiece.SentencePieceProcessor,
    rows: Sequence[Row],
) -> list[str]:
    """Greedy copy for the brief of each row, slots filled; '' where a slot is unknown."""
    briefs = [row.brief for row in rows]
    return release_texts(model, vocabulary, briefs, MAX_NEW_TOKENS, repetition_penalty=_PENALTY)


def quality(rows: Sequence[Row], copies: Sequence[str]) -> Quality:
    """How good `copies` are for the briefs of `rows`, against the deck's own copy."""
    chrf = sacrebleu.corpus_chrf(list(copies), [[row.copy for row in rows]]).score / 100
    passed = [
        all(run_checks(row.brief, copy).values()) for row, copy in zip(rows, copies, strict=True)
    ]
    return Quality(chrf, sum(passed) / len(passed))
