"""The likeliest copy of a student, before and after conversion: search that leaves nothing to luck.

Not here: candidates as the function samples them (student.py, served.py).
"""

from collections.abc import Sequence
from typing import Any

import sentencepiece
import torch
from transformers import LogitsProcessorList, RepetitionPenaltyLogitsProcessor

from finetune.generators.batches import Without, padded
from tinycopy.brief import Brief
from tinycopy.encoding import ENCODING, slots
from tinycopy.model import END, Model
from tinycopy.pieces import marker_pieces

_BATCH = 64


def torch_texts(
    model: Any,
    vocabulary: sentencepiece.SentencePieceProcessor,
    briefs: Sequence[Brief],
    limit: int,
    *,
    beam: int = 1,
    repetition_penalty: float = 1.0,
) -> list[str]:
    """Copy of at most `limit` tokens for each brief, slots filled; '' where a slot is unknown.

    beam: the width of the search, 1 for greedy copy.
    """
    special = (vocabulary.pad_id(), vocabulary.eos_id())
    causal = not model.config.is_encoder_decoder
    texts: list[str] = []
    for start in range(0, len(briefs), _BATCH):
        batch = [slots(brief) for brief in briefs[start : start + _BATCH]]
        sources = [[*vocabulary.encode(marked.source), vocabulary.eos_id()] for marked in batch]
        ids, mask = padded(sources, vocabulary.pad_id(), left=causal)
        # A decoder alone repeats what it read before what it wrote; another starts from padding.
        read = ids.size(1) if causal else 1
        foreign = [marker_pieces(vocabulary, marked.foreign) for marked in batch]
        without = [[vocabulary.piece_to_id(piece) for piece in pieces] for pieces in foreign]
        processors = LogitsProcessorList([Without([w for w in without for _ in range(beam)])])
        if repetition_penalty != 1.0:
            processors.append(RepetitionPenaltyLogitsProcessor(repetition_penalty, read))
        with torch.inference_mode():
            output = model.generate(
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device),
                max_new_tokens=limit,
                num_beams=beam,
                do_sample=False,
                logits_processor=processors,
            )
        written = [
            [token for token in row if token not in special] for row in output[:, read:].tolist()
        ]
        texts += [m.fill(t) or "" for m, t in zip(batch, vocabulary.decode(written), strict=True)]
    return texts


def release_texts(
    model: Model,
    vocabulary: sentencepiece.SentencePieceProcessor,
    briefs: Sequence[Brief],
    limit: int,
    *,
    beam: int = 1,
    repetition_penalty: float = 1.0,
    encoding: int = ENCODING,
) -> list[str]:
    """The same from a converted student, whose manifest names its encoding."""
    texts = []
    for brief in briefs:
        marked = slots(brief, encoding)
        pieces = model.likeliest(
            [*vocabulary.encode(marked.source, out_type=str), END],
            limit,
            beam=beam,
            repetition_penalty=repetition_penalty,
            without=marker_pieces(vocabulary, marked.foreign),
        )
        texts.append(marked.fill(vocabulary.decode(pieces)) or "")
    return texts
