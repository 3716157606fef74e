"""A student out of a teacher's own layers, with the student's vocabulary in place of its own.

A few layers of a pretrained model keep some of what pretraining knew, which a student that starts
from random weights must learn from the deck alone (docs/decisions has what was measured). A
student can lend its layers too, to one that goes on from it with another deck.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from torch.nn import ModuleList
from transformers import LlamaConfig, LlamaForCausalLM

from distill.student_data import VOCABULARY
from distill.vocabulary import END, PAD
from finetune.pretrained import load_model, load_weights
from finetune.stage import StageError

_NO_TEXT = re.compile("<(?:0x..|pad|/s|unk)>")
"""Pieces that are a byte or a token without text."""


def prune(
    teacher: Path, layers: Sequence[int], vocabulary: sentencepiece.SentencePieceProcessor
) -> LlamaForCausalLM:
    """The teacher with only the `layers` named (0 is the first, -1 the last) and new embeddings.

    A piece starts as the mean of the embeddings of the teacher's tokens that spell it; a piece that
    spells nothing, such as a byte, as the mean of all. teacher: of a student too, whose own pieces
    stay as they are. Raises StageError if the teacher is not of Llama's architecture with tied
    embeddings, or has no such layer.
    """
    model, spell = _opened(teacher)
    if not isinstance(model.config, LlamaConfig) or not model.config.tie_word_embeddings:
        raise StageError(
            f"student.keep_layers: {teacher} is a {type(model.config).__name__}; only Llama's "
            "architecture with tied embeddings can lend its layers"
        )
    depth = model.config.num_hidden_layers
    if not all(-depth <= layer < depth for layer in layers):
        raise StageError(f"student.keep_layers: {list(layers)}, but the teacher has {depth} layers")
    kept = [model.model.layers[layer] for layer in sorted(layer % depth for layer in layers)]
    for index, layer in enumerate(kept):
        layer.self_attn.layer_idx = index
    model.model.layers = ModuleList(kept)
    model.config.num_hidden_layers = len(kept)
    embeddings = _embeddings(model.get_input_embeddings().weight.detach(), spell, vocabulary)
    model.resize_token_embeddings(len(embeddings))
    model.get_input_embeddings().weight.data.copy_(embeddings)
    for name, token in (("bos_token_id", None), ("eos_token_id", END), ("pad_token_id", PAD)):
        setattr(model.config, name, token)
        setattr(model.generation_config, name, token)
    pruned: LlamaForCausalLM = model
    return pruned


def _opened(teacher: Path) -> tuple[Any, Callable[[str], list[int]]]:
    """A teacher's or a student's model, and what spells a piece of SentencePiece in its tokens."""
    path = teacher / VOCABULARY
    if path.exists():
        own = sentencepiece.SentencePieceProcessor(model_file=str(path))

        def by_pieces(piece: str) -> list[int]:
            known: int = own.piece_to_id(piece)
            if own.id_to_piece(known) == piece:
                return [known]
            ids: list[int] = own.encode(piece.replace("\u2581", " "))
            return [] if any(map(own.is_byte, ids)) else ids

        return load_weights(teacher), by_pieces
    model, tokenizer = load_model(str(teacher))

    def by_tokens(piece: str) -> list[int]:
        text = "" if _NO_TEXT.fullmatch(piece) else piece.replace("\u2581", " ")
        ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    return model, by_tokens


def _embeddings(
    old: torch.Tensor,
    spell: Callable[[str], list[int]],
    vocabulary: sentencepiece.SentencePieceProcessor,
) -> torch.Tensor:
    """The first embeddings of the vocabulary, (pieces, width), out of the teacher's `old`."""
    new = old.mean(dim=0).repeat(vocabulary.vocab_size(), 1)
    # Pieces that start alike could hardly be told apart; noise, half as strong as the embeddings.
    noise = torch.randn(new.shape) * old.std() / 2
    for index in range(vocabulary.vocab_size()):
        ids = spell(vocabulary.id_to_piece(index))
        new[index] = old[ids].mean(dim=0) if ids else new[index] + noise[index]
    return new
