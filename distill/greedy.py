"""Greedy copy from a student, before and after conversion, and how good it is.

Greedy, because it depends on the weights alone: the score of a checkpoint and the parity of a
converted student must not depend on luck.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sacrebleu
import sentencepiece
import torch
from transformers import LogitsProcessorList, RepetitionPenaltyLogitsProcessor

from distill.pairs import collate, collate_causal
from distill.vocabulary import END, PAD
from finetune.deck import Row
from finetune.generators.batches import Without
from tinycopy.checks import run_checks
from tinycopy.encoding import slots
from tinycopy.model import Model
from tinycopy.settings import Settings
from tinycopy.student import marker_pieces

MAX_NEW_TOKENS = 200
_BATCH = 64


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
    causal = not model.config.is_encoder_decoder
    written: list[str] = []
    for batch in _batches(rows):
        tokens = [[*vocabulary.encode(slots(row.brief).source), END] for row in batch]
        examples = [{"input_ids": ids, "labels": []} for ids in tokens]
        tensors = collate_causal(examples) if causal else collate(examples)
        # A decoder alone repeats what it read before what it wrote; another starts from padding.
        read = tensors["input_ids"].size(1) if causal else 1
        penalty = RepetitionPenaltyLogitsProcessor(Settings.repetition_penalty, read)
        foreign = [marker_pieces(vocabulary, slots(row.brief).foreign) for row in batch]
        allowed = Without([[vocabulary.piece_to_id(p) for p in pieces] for pieces in foreign])
        with torch.inference_mode():
            output = model.generate(
                input_ids=tensors["input_ids"].to(model.device),
                attention_mask=tensors["attention_mask"].to(model.device),
                max_new_tokens=MAX_NEW_TOKENS,
                do_sample=False,
                logits_processor=LogitsProcessorList([penalty, allowed]),
            )
        new = output[:, read:]
        kept = [[t for t in row if t not in (PAD, END)] for row in new.tolist()]
        written += _fill(batch, vocabulary.decode(kept))
    return written


def write_with_ctranslate2(
    model: Model,
    vocabulary: sentencepiece.SentencePieceProcessor,
    rows: Sequence[Row],
) -> list[str]:
    """Greedy copy for the brief of each row, slots filled; '' where a slot is unknown."""
    end = vocabulary.id_to_piece(END)
    written = []
    for row in rows:
        marked = slots(row.brief)
        pieces = model.likeliest(
            [*vocabulary.encode(marked.source, out_type=str), end],
            MAX_NEW_TOKENS,
            repetition_penalty=Settings.repetition_penalty,
            without=marker_pieces(vocabulary, marked.foreign),
        )
        written.append(marked.fill(vocabulary.decode(pieces)) or "")
    return written


def quality(rows: Sequence[Row], copies: Sequence[str]) -> Quality:
    """How good `copies` are for the briefs of `rows`, against the deck's own copy."""
    chrf = sacrebleu.corpus_chrf(list(copies), [[row.copy for row in rows]]).score / 100
    passed = [
        all(run_checks(row.brief, copy).values()) for row, copy in zip(rows, copies, strict=True)
    ]
    return Quality(chrf, sum(passed) / len(passed))


def _batches(rows: Sequence[Row]) -> list[Sequence[Row]]:
    return [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]


def _fill(rows: Sequence[Row], written: Sequence[str]) -> list[str]:
    return [slots(r.brief).fill(text) or "" for r, text in zip(rows, written, strict=True)]
