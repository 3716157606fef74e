"""BLEU and NIST as the E2E challenge computes them: any case, mteval-v13a tokens, many references.

Checked against the figures published for stored outputs (calibration.py).
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from sacrebleu import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

_LONGEST = 5
_BETA = math.log(0.5) / math.log(1.5) ** 2
"""So that a text two thirds as long as its references is worth half."""

_tokenizer = Tokenizer13a()  # type: ignore[no-untyped-call]

References = Sequence[Sequence[str]]
"""The references of each text: at least one."""


def bleu(texts: Sequence[str], references: References) -> float:
    """Corpus BLEU, 0 to 100 (sacrebleu; a text may have more references than another)."""
    columns = [list(column) for column in zip_longest(*references)]
    score: float = BLEU(lowercase=True).corpus_score(texts, columns).score
    return score


def nist(texts: Sequence[str], references: References) -> float:
    """Corpus NIST with n-grams up to 5.

    Sum over n of the information of the n-grams that texts share with any of their references
    (log2 of how often the n-gram without its last word is in all references, over how often it is
    with it), each over the n-grams of the texts; times exp(beta * log(min(length / references'
    mean length, 1)) ** 2). G. Doddington, Automatic evaluation of machine translation quality using
    n-gram co-occurrence statistics, HLT 2002, equations 2 and 3, as mteval-v13a.pl applies them.
    """
    written = [_tokens(text) for text in texts]
    wanted = [[_tokens(one) for one in of_text] for of_text in references]
    every = [one for of_text in wanted for one in of_text]
    counts = Counter(
        gram for one in every for n in range(1, _LONGEST + 1) for gram in _grams(one, n)
    )
    counts[()] = sum(map(len, every))
    total = 0.0
    for n in range(1, _LONGEST + 1):
        information, grams = 0.0, 0
        for tokens, of_text in zip(written, wanted, strict=True):
            found, most = Counter(_grams(tokens, n)), Counter[tuple[str, ...]]()
            for one in of_text:
                most |= Counter(_grams(one, n))
            for gram, shared in (found & most).items():
                information += shared * math.log2(counts[gram[:-1]] / counts[gram])
            grams += found.total()
        total += information / grams if grams else 0.0
    length = sum(map(len, written))
    mean = math.fsum(sum(map(len, of_text)) / len(of_text) for of_text in wanted)
    return total * math.exp(_BETA * math.log(min(length / mean, 1)) ** 2) if length else 0.0


def _tokens(text: str) -> list[str]:
    tokens: list[str] = _tokenizer(text).lower().split()
    return tokens


def _grams(tokens: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    return (tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
