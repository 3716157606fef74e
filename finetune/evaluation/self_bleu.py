"""Self-BLEU of a sample without each of its copies in turn, from counts that are taken once.

The metric itself is metrics.self_bleu; asking it again for every copy left out would take minutes.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from sacrebleu import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

from finetune.evaluation.metrics import self_bleu_sample

_ORDER = 4
_TOKENIZE: Any = Tokenizer13a()  # type: ignore[no-untyped-call]
_Gram = tuple[str, ...]


class _Copy(msgspec.Struct, frozen=True):
    """One copy: how many tokens it has, and how often each n-gram of 1 to 4 tokens."""

    length: int
    grams: Counter[_Gram]


def self_bleu_without_each(texts: Sequence[str]) -> tuple[float, list[float]]:
    """Self-BLEU, and for each copy of its sample the self-BLEU of the rest; 0 of fewer than two."""
    copies = [_count(text) for text in self_bleu_sample(texts)]
    if len(copies) < 2:
        return 0.0, []
    most = _most(copies)
    whole, without = 0.0, [0.0] * len(copies)
    for i, copy in enumerate(copies):
        score, scores = _scores(i, copy, copies, most)
        whole += score
        without = [total + one for total, one in zip(without, scores, strict=True)]
    return whole / len(copies), [total / (len(copies) - 1) for total in without]


def _count(text: str) -> _Copy:
    tokens = _TOKENIZE(text.rstrip()).split()
    grams = (
        tuple(tokens[i : i + n]) for n in range(1, _ORDER + 1) for i in range(len(tokens) - n + 1)
    )
    return _Copy(len(tokens), Counter(grams))


def _most(copies: Sequence[_Copy]) -> dict[_Gram, list[tuple[int, int]]]:
    """For each n-gram the three copies that have it most often: how often, and which."""
    having: dict[_Gram, list[tuple[int, int]]] = defaultdict(list)
    for k, copy in enumerate(copies):
        for gram, count in copy.grams.items():
            having[gram].append((count, k))
    return {gram: sorted(found, reverse=True)[:3] for gram, found in having.items()}


def _scores(
    i: int, copy: _Copy, copies: Sequence[_Copy], most: dict[_Gram, list[tuple[int, int]]]
) -> tuple[float, list[float]]:
    """BLEU of copy `i` against all others, and against all others but each; 0 where that is `i`."""
    matching, totals = [0] * _ORDER, [0] * _ORDER
    fewer: dict[int, list[int]] = defaultdict(lambda: [0] * _ORDER)
    for gram, count in copy.grams.items():
        order = len(gram) - 1
        totals[order] += count
        others = [(times, k) for times, k in most[gram] if k != i] + [(0, -1), (0, -1)]
        matched = min(count, others[0][0])
        matching[order] += matched
        # Without the copy that has it most often, the next one counts.
        fewer[others[0][1]][order] += matched - min(count, others[1][0])
    near = sorted(
        (abs(c.length - copy.length), c.length, k) for k, c in enumerate(copies) if k != i
    )

    def score(without: int | None) -> float:
        lost = fewer[without] if without in fewer and without is not None else [0] * _ORDER
        closest = next((length for _, length, k in near if k != without), 0)
        return float(
            BLEU.compute_bleu(
                correct=[m - gone for m, gone in zip(matching, lost, strict=True)],
                total=list(totals),
                sys_len=copy.length,
                ref_len=closest,
                smooth_method="exp",
                effective_order=True,
            ).score
        )

    return score(None), [0.0 if k == i else score(k) for k in range(len(copies))]
