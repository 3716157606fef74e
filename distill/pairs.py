"""What a student learns from: pairs of a marked brief and copy with slots, as token ids.

An encoder-decoder reads the source on one side and writes the target on the other. A decoder alone
reads one row, source then target; the source's end token stands between them.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import sentencepiece
import torch
from torch.utils.data import Sampler

from distill.label import read_labels
from distill.marking import Pair
from distill.soft_targets import SOFT, TOP, WHOLE, Soft
from distill.vocabulary import END, PAD
from finetune.teacher import IGNORED
from tinycopy.brief import Brief, CopyType
from tinycopy.checks import run_checks

Example = dict[str, list[int]]
"""`input_ids` and `labels` of one pair, each with the end token; soft targets if there are any."""


def labels_written(directory: Path, share: float = 1.0) -> list[tuple[Brief, str]]:
    """The brief and the copy of labels in a directory, in the order of its shards.

    Those that pass the checks of today, which may know more faults than those that they were made
    with.  share: of the labels of each type, the likeliest to their teacher.
    """
    found = (
        (kept.fits or row.brief, kept) for row in read_labels(directory) for kept in row.labels
    )
    labels = [(b, kept) for b, kept in found if all(run_checks(b, kept.copy).values())]
    least = {}
    for type_ in CopyType:
        scores = sorted((kept.score for brief, kept in labels if brief.type == type_), reverse=True)
        least[type_] = scores[math.ceil(share * len(scores)) - 1] if scores else 0.0
    return [(brief, kept.copy) for brief, kept in labels if kept.score >= least[brief.type]]


def encode_pairs(
    pairs: Sequence[Pair],
    vocabulary: sentencepiece.SentencePieceProcessor,
    max_tokens: int,
    soft: Sequence[Soft | None] | None = None,
) -> list[Example]:
    """Token ids of each pair; pairs with a side of more than `max_tokens` are left out.

    soft: of each pair, its soft targets or None if nothing is known, for examples that have some.
    """
    examples = []
    for index, (source, target) in enumerate(pairs):
        example = {
            "input_ids": [*vocabulary.encode(source), END],
            "labels": [*vocabulary.encode(target), END],
        }
        if max(map(len, example.values())) <= max_tokens:
            if soft is not None:
                nothing = {name: [0] * (TOP * len(example["labels"])) for name in SOFT}
                example |= soft[index] or nothing
            examples.append(example)
    return examples


def collate(examples: Sequence[Example]) -> dict[str, torch.Tensor]:
    """A padded batch for an encoder-decoder.

    input_ids, attention_mask: (batch, source).  labels, decoder_input_ids: (batch, target).  soft
    targets, if the examples have them: (batch, target, TOP).
    """
    input_ids = _pad([e["input_ids"] for e in examples], PAD)
    return {
        "input_ids": input_ids,
        "attention_mask": (input_ids != PAD).long(),
        "labels": _pad([e["labels"] for e in examples], IGNORED),
        # The decoder starts from padding and reads what it should have written so far.
        "decoder_input_ids": _pad([[PAD, *e["labels"][:-1]] for e in examples], PAD),
        **_soft(examples),
    }


def collate_causal(examples: Sequence[Example]) -> dict[str, torch.Tensor]:
    """A padded batch for a decoder alone; all targets start in the same column.

    input_ids, attention_mask: (batch, source + target), padded at both ends.  labels: (batch,
    target), the last columns' own tokens.  soft targets: as `collate`'s.
    """
    sources = _pad([e["input_ids"] for e in examples], PAD, left=True)
    labels = _pad([e["labels"] for e in examples], IGNORED)
    input_ids = torch.cat([sources, labels.where(labels != IGNORED, PAD)], dim=1)
    return {
        "input_ids": input_ids,
        "attention_mask": (input_ids != PAD).long(),
        "labels": labels,
        **_soft(examples),
    }


def _soft(examples: Sequence[Example]) -> dict[str, torch.Tensor]:
    """Soft targets, if the examples have them: ids and shares (0-1), (batch, target, TOP)."""
    if SOFT[0] not in examples[0]:
        return {}
    ids, shares = (_pad([e[name] for e in examples], 0).unflatten(1, (-1, TOP)) for name in SOFT)
    return {SOFT[0]: ids, SOFT[1]: shares / WHOLE}


def _pad(rows: list[list[int]], value: int, left: bool = False) -> torch.Tensor:
    longest = max(map(len, rows))
    padding = [[value] * (longest - len(row)) for row in rows]
    padded = [p + r if left else r + p for r, p in zip(rows, padding, strict=True)]
    return torch.tensor(padded, dtype=torch.long)


class TokenBatches(Sampler[list[int]]):
    """Batches of examples of like length, each of at most `max_tokens` padded tokens.

    The order depends on the seed and the epoch alone, so that an interrupted epoch goes on where
    it stopped. Source and target count together.
    """

    def __init__(self, examples: Sequence[Example], max_tokens: int, seed: int) -> None:
        self._lengths = [(len(e["input_ids"]), len(e["labels"])) for e in examples]
        self._max_tokens, self._seed, self._epoch = max_tokens, seed, 0
        self._batches = self._make()

    def set_epoch(self, epoch: int) -> None:
        """Shuffle for this epoch; Trainer calls it."""
        self._epoch = epoch
        self._batches = self._make()

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._batches)

    def _make(self) -> list[list[int]]:
        generator = torch.Generator().manual_seed(self._seed + self._epoch)
        shuffled = torch.randperm(len(self._lengths), generator=generator).tolist()
        by_length = sorted(shuffled, key=lambda i: (self._lengths[i][1] // 4, self._lengths[i][0]))
        batches: list[list[int]] = []
        batch: list[int] = []
        longest = (0, 0)
        for index in by_length:
            source, target = self._lengths[index]
            grown = (max(longest[0], source), max(longest[1], target))
            if batch and sum(grown) * (len(batch) + 1) > self._max_tokens:
                batches.append(batch)
                batch, grown = [], (source, target)
            batch.append(index)
            longest = grown
        batches.append(batch)
        order = torch.randperm(len(batches), generator=generator).tolist()
        return [batches[i] for i in order]
