"""Beam search: the likeliest copy of a student, as the systems published on E2E decode theirs.

The function samples candidates instead (finetune/generators/), which suits callers who ask twice.
"""

from collections.abc import Sequence
from pathlib import Path

import sentencepiece
import torch
from tqdm import tqdm

from finetune.generators.batches import padded
from finetune.pretrained import load_weights
from finetune.stage import StageError
from tinycopy.brief import Brief
from tinycopy.encoding import slots
from tinycopy.manifest import ReleaseError
from tinycopy.model import END, Model
from tinycopy.release import embedded
from tinycopy.student import marker_pieces

WIDTH = 8
"""Of the beam: chosen on the development set."""
MAX_TOKENS = 120
"""Of a text."""


def release_texts(directory: Path, briefs: Sequence[Brief], width: int) -> list[str]:
    """One text for each brief from a release; '' where a slot is unknown.

    Raises StageError if the release cannot be loaded.
    """
    try:
        files = embedded(directory).files
        model = Model(files)
    except ReleaseError as error:
        raise StageError(f"release {directory}: {error}") from error
    vocabulary = sentencepiece.SentencePieceProcessor(model_proto=files["spm.model"])
    texts = []
    for brief in tqdm(briefs, desc="write", unit="brief", disable=None):
        marked = slots(brief)
        pieces = model.likeliest(
            [*vocabulary.encode(marked.source, out_type=str), END],
            MAX_TOKENS,
            beam=width,
            without=marker_pieces(vocabulary, marked.foreign),
        )
        texts.append(marked.fill(vocabulary.decode(pieces)) or "")
    return texts


def student_texts(directory: Path, briefs: Sequence[Brief], width: int) -> list[str]:
    """One text for each brief from a student before conversion; '' where a slot is unknown."""
    model = load_weights(directory).eval()
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(directory / "spm.model"))
    seq2seq = bool(model.config.is_encoder_decoder)
    texts = []
    for brief in tqdm(briefs, desc="write", unit="brief", disable=None):
        marked = slots(brief)
        foreign = marker_pieces(vocabulary, marked.foreign)
        source = [*vocabulary.encode(marked.source), vocabulary.eos_id()]
        ids, mask = padded([source], vocabulary.pad_id())
        with torch.inference_mode():
            output = model.generate(
                input_ids=ids,
                attention_mask=mask,
                num_beams=width,
                do_sample=False,
                max_new_tokens=MAX_TOKENS,
                eos_token_id=vocabulary.eos_id(),
                pad_token_id=vocabulary.pad_id(),
                suppress_tokens=[vocabulary.piece_to_id(piece) for piece in foreign]
                + [vocabulary.unk_id()],
            )
        written = output[0, 0 if seq2seq else len(source) :].tolist()
        special = (vocabulary.pad_id(), vocabulary.eos_id())
        text = vocabulary.decode([token for token in written if token not in special])
        texts.append(marked.fill(text) or "")
    return texts
