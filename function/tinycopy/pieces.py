"""Slots and lengths in the tokens of a student's vocabulary."""

from collections.abc import Iterable

import sentencepiece

from tinycopy.brief import Brief
from tinycopy.encoding import ANY_FEATURE, PRODUCT, Slots


def marker_pieces(
    vocabulary: sentencepiece.SentencePieceProcessor, markers: Iterable[str]
) -> list[str]:
    """The pieces that stand for some markers, with and without a space before them."""
    forms = (form for marker in sorted(markers) for form in (marker, "\u2581" + marker))
    return known_pieces(vocabulary, forms)


def known_pieces(
    vocabulary: sentencepiece.SentencePieceProcessor, pieces: Iterable[str]
) -> list[str]:
    """The pieces that a vocabulary has."""
    unknown = vocabulary.unk_id()
    return [piece for piece in pieces if vocabulary.piece_to_id(piece) != unknown]


def token_limit(brief: Brief) -> int:
    """Most tokens that copy for a brief may take: two for each word of its range, and some."""
    return 2 * brief.word_range[1] + 16


def token_floor(brief: Brief, marked: Slots) -> int:
    """Fewest tokens that copy for a brief may take: one for each word, one in seven for marks.

    A product's name of many words is one token, and so is a feature.
    """
    fewest = brief.word_range[0] + brief.word_range[0] // 7
    whole = (span for marker, span in marked.spans if marker in (PRODUCT, *ANY_FEATURE))
    return max(0, fewest - sum(len(span.split()) - 1 for span in whole))
