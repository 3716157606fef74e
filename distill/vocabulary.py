"""The student's SentencePiece vocabulary, trained on what it will read and write."""

import io
from collections.abc import Iterable

import sentencepiece

from tinycopy.encoding import MARKERS

PAD, END, UNKNOWN = 0, 1, 2


def train_vocabulary(texts: Iterable[str], size: int) -> bytes:
    """A serialised SentencePiece model of at most `size` pieces.

    Every slot marker is one piece, with or without a space before it. Bytes that no piece covers
    fall back to byte pieces, and nothing is normalised, so that any text comes back from its
    tokens as it was. Raises ValueError if `size` is too small for the bytes and markers.
    """
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_writer=model,
            vocab_size=size,
            hard_vocab_limit=False,
            model_type="bpe",
            byte_fallback=True,
            split_digits=True,
            character_coverage=0.9995,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            user_defined_symbols=[form for m in MARKERS for form in (m, "\u2581" + m)],
            pad_id=PAD,
            eos_id=END,
            unk_id=UNKNOWN,
            bos_id=-1,
            num_threads=2,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise ValueError(f"a vocabulary of {size} pieces cannot be trained: {error}") from error
    return model.getvalue()
