"""A student out of a teacher's own layers, with the student's vocabulary in place of its own.

A few layers of a pretrained model keep some of what pretraining knew, which a student that starts
from random weights must learn from the deck alone (docs/decisions has what was measured). A
student can lend its layers too, to one that goes on from it with another deck; an encoder-decoder
lends its whole encoder, which costs little, and some layers of its decoder, which each token needs
(Kasai et al., 2021).
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from torch.nn import ModuleList
from transformers import LlamaConfig, PreTrainedModel, T5Config
from transformers.models.t5.modeling_t5 import T5Block

from distill.student_data import VOCABULARY
from distill.vocabulary import END, PAD
from finetune.pretrained import load_model, load_weights
from finetune.stage import StageError

_NO_TEXT = re.compile("<(?:0x..|pad|/s|unk)>")
"""Pieces that are a byte or a token without text."""


_LITTLE = 0.1
"""The size of what a new layer adds at first, in that of any new layer."""


def prune(
    teacher: Path,
    layers: Sequence[int],
    vocabulary: sentencepiece.SentencePieceProcessor,
    encoder_layers: int = 0,
) -> PreTrainedModel:
    """The teacher with only the `layers` named (0 is the first, -1 the last) and new embeddings.

    A piece starts as the mean of the embeddings of the teacher's tokens that spell it; a piece that
    spells nothing, such as a byte, as the mean of all. teacher: of a student too, whose own pieces
    stay as they are. Of an encoder-decoder the layers are its decoder's; its encoder stays, with
    new layers that change little at first up to `encoder_layers`. Raises StageError if the teacher
    is neither of Llama's nor of T5's architecture with tied embeddings, if it has no such layer or
    more layers that read than that.
    """
    model, spell = _opened(teacher)
    if not isinstance(model.config, LlamaConfig | T5Config) or not model.config.tie_word_embeddings:
        raise StageError(
            f"student.keep_layers: {teacher} is a {type(model.config).__name__}; only Llama's and "
            "T5's architectures with tied embeddings can lend their layers"
        )
    if isinstance(model.config, T5Config):
        model.decoder.block = _kept(model.decoder.block, layers)
        _deepen(model, encoder_layers)
        model.config.num_decoder_layers = len(layers)
        begins = PAD
    else:
        model.model.layers = _kept(model.model.layers, layers)
        model.config.num_hidden_layers = len(layers)
        begins = None
    embeddings = _embeddings(model.get_input_embeddings().weight.detach(), spell, vocabulary)
    model.resize_token_embeddings(len(embeddings))
    model.get_input_embeddings().weight.data.copy_(embeddings)
    ids = {"bos": None, "eos": END, "pad": PAD, "decoder_start": begins}
    for name, token in ids.items():
        setattr(model.config, f"{name}_token_id", token)
        setattr(model.generation_config, f"{name}_token_id", token)
    pruned: PreTrainedModel = model
    return pruned


def _kept(blocks: ModuleList, layers: Sequence[int]) -> ModuleList:
    """The layers named, in their order, each of which knows its new place."""
    depth = len(blocks)
    if not all(-depth <= layer < depth for layer in layers):
        raise StageError(f"student.keep_layers: {list(layers)}, but the teacher has {depth} layers")
    # The first layer of a T5 holds what distances between tokens mean to all of its layers.
    biased: Any = [m for m in blocks.modules() if getattr(m, "has_relative_attention_bias", False)]
    kept = [blocks[layer] for layer in sorted(layer % depth for layer in layers)]
    for index, block in enumerate(kept):
        attentions: Any = [m for m in block.modules() if hasattr(m, "layer_idx")]
        for attention in attentions:
            attention.layer_idx = index
    for old in biased:
        first: Any = kept[0]
        first.layer[0].SelfAttention.has_relative_attention_bias = True
        first.layer[0].SelfAttention.relative_attention_bias = old.relative_attention_bias
    return ModuleList(kept)


def _deepen(model: Any, layers: int) -> None:
    """Adds layers on top of a T5's encoder up to so many."""
    blocks = model.encoder.block
    if layers < len(blocks):
        raise StageError(
            f"student.encoder_layers: {layers}, but the teacher's encoder of {len(blocks)} stays"
        )
    while len(blocks) < layers:
        block = T5Block(model.encoder.config, layer_idx=len(blocks))
        block.apply(model._init_weights)
        for name, weight in block.named_parameters():
            if name.endswith((".o.weight", ".wo.weight")):
                weight.data *= _LITTLE
        blocks.append(block)
    model.config.num_layers = layers


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
