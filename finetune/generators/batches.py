"""Token ids through a PyTorch model in batches: samples, and the likelihood of given targets.

Causal models (prompt and copy in one sequence) and encoder-decoders alike. Not covered here: what
the tokens say (pretrained.py, student.py).
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import log_softmax
from tqdm import tqdm
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
)

from finetune.generators.generate import Likelihood

Ids = list[int]
"""Token ids of one text."""


@dataclass(frozen=True)
class Model:
    """A loaded model with the ids of its end and padding, and how many rows it takes at a time."""

    model: Any
    end: int
    padding: int
    batch: int

    @property
    def seq2seq(self) -> bool:
        return bool(self.model.config.is_encoder_decoder)


@dataclass(frozen=True)
class Sampled:
    """The samples for source number `index`, each with its end if it ended.

    ms: the wall clock of the batch over its sources.
    """

    index: int
    samples: list[Ids]
    ms: float


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Sampling inside starts from `seed`; random numbers outside go on as if it had not been."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def sample(
    model: Model,
    sources: Sequence[Ids],
    limits: Sequence[int],
    count: int,
    *,
    temperature: float,
    top_p: float,
    top_k: int = 0,
    repetition_penalty: float = 1.0,
    floors: Sequence[int] | None = None,
    without: Sequence[Ids] | None = None,
    ends: Sequence[int] = (),
    branch: int | None = None,
    **options: Any,
) -> Iterator[Sampled]:
    """`count` samples for each source, of at most as many tokens as its limit; in any order.

    Sources of like limit and length share a batch. top_k: 0 for all tokens. repetition_penalty:
    of tokens that the sample already has, not its source. floors: the fewest tokens for each
    source. without: the tokens that no sample for it has. ends: tokens that end a sample, in place
    of the model's end. branch: tokens of an opening, after which the samples for a source go on
    with a different token each, the likeliest ones, and may repeat what they have so far. options:
    for transformers' `generate`.
    """
    ends = ends or (model.end,)
    sizes = [(limit, len(source)) for limit, source in zip(limits, sources, strict=True)]
    for chosen in tqdm(_alike(sizes, model.batch), desc="write", unit="batch", disable=None):
        ids, mask = padded([sources[i] for i in chosen], model.padding, left=not model.seq2seq)
        read = 1 if model.seq2seq else ids.size(1)
        processors = LogitsProcessorList()
        rows = [i for i in chosen for _ in range(count)]
        if floors is not None:
            processors.append(_Floor([floors[i] for i in rows], read, model.end))
        if without is not None:
            processors.append(Without([without[i] for i in rows]))
        processors += _of_samples(repetition_penalty, branch, count, read)
        start = time.perf_counter()
        with torch.inference_mode():
            output = model.model.generate(
                input_ids=ids,
                attention_mask=mask,
                do_sample=True,
                temperature=temperature,
                top_p=top_p,
                top_k=top_k,
                num_return_sequences=count,
                max_new_tokens=max(limits[i] for i in chosen),
                eos_token_id=list(ends),
                pad_token_id=model.padding,
                logits_processor=processors,
                **options,
            )
        ms = 1000 * (time.perf_counter() - start) / len(chosen)
        # A decoder's output starts from padding, a causal model's from the prompt.
        written = output[:, read:].tolist()
        for place, i in enumerate(chosen):
            mine = written[place * count : (place + 1) * count]
            yield Sampled(i, [_until(row, ends)[: limits[i]] for row in mine], ms)


def _of_samples(penalty: float, branch: int | None, count: int, read: int) -> list[LogitsProcessor]:
    """What keeps samples from repeating themselves, and apart after an opening; see `sample`."""
    own = read if branch is None else read + branch + 1
    found: list[LogitsProcessor] = []
    if penalty != 1.0:
        found.append(RepetitionPenaltyLogitsProcessor(penalty, own))
    if branch is not None:
        found.append(_Branch(count, read + branch))
    return found


class _Floor(LogitsProcessor):
    """Lets no row end before it has as many new tokens as its floor."""

    def __init__(self, floors: Sequence[int], read: int, end: int) -> None:
        self._floors, self._read, self._end = torch.tensor(floors), read, end

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.clone()
        below = self._floors.to(scores.device) > input_ids.size(1) - self._read
        scores[below, self._end] = -torch.inf
        return scores


class Without(LogitsProcessor):
    """Lets no row have a token that is not allowed in it."""

    def __init__(self, tokens: Sequence[Ids]) -> None:
        """tokens: of each row, those that it must not have."""
        self._rows = torch.tensor(
            [i for i, row in enumerate(tokens) for _ in row], dtype=torch.long
        )
        self._tokens = torch.tensor([token for row in tokens for token in row], dtype=torch.long)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.clone()
        scores[self._rows.to(scores.device), self._tokens.to(scores.device)] = -torch.inf
        return scores


class _Branch(LogitsProcessor):
    """Lets each of the `count` rows of a source go on with another token after `read` tokens."""

    def __init__(self, count: int, read: int) -> None:
        self._count, self._read = count, read

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        if input_ids.size(1) != self._read:
            return scores
        rows = torch.arange(len(scores), device=scores.device)
        likeliest = scores.topk(self._count).indices[rows, rows % self._count]
        return torch.full_like(scores, -torch.inf).index_put((rows, likeliest), scores.new_zeros(1))


def likelihoods(model: Model, pairs: Sequence[tuple[Ids, Ids]]) -> list[Likelihood]:
    """The likelihood of each target after its source; pairs are (source, target)."""
    score = _seq2seq_likelihoods if model.seq2seq else _causal_likelihoods
    found: dict[int, Likelihood] = {}
    sizes = [(len(source), len(target)) for source, target in pairs]
    for chosen in tqdm(_alike(sizes, model.batch), desc="score", unit="batch", disable=None):
        scores = score(model.model, [pairs[i] for i in chosen], model.padding)
        found |= zip(chosen, scores, strict=True)
    return [found[i] for i in range(len(pairs))]


def _causal_likelihoods(
    model: Any, pairs: Sequence[tuple[Ids, Ids]], padding: int
) -> list[Likelihood]:
    ids, mask = padded([s + t for s, t in pairs], padding, left=True)
    longest = max(len(target) for _, target in pairs)
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    with torch.inference_mode():
        # The logits at each position predict the next token; only the targets' are asked for.
        logits = model(
            input_ids=ids, attention_mask=mask, position_ids=positions, logits_to_keep=longest + 1
        ).logits[:, :-1]
    return _gather(logits, ids[:, -longest:], [t for _, t in pairs], left=True)


def _seq2seq_likelihoods(
    model: Any, pairs: Sequence[tuple[Ids, Ids]], padding: int
) -> list[Likelihood]:
    ids, mask = padded([s for s, _ in pairs], padding, left=False)
    targets, _ = padded([t for _, t in pairs], padding, left=False)
    with torch.inference_mode():
        logits = model(input_ids=ids, attention_mask=mask, labels=targets).logits
    return _gather(logits, targets, [t for _, t in pairs], left=False)


def _gather(
    logits: torch.Tensor, targets: torch.Tensor, unpadded: Sequence[Ids], *, left: bool
) -> list[Likelihood]:
    """logits: batch x length x vocabulary; targets: batch x length, padded on one side."""
    chosen = log_softmax(logits.float(), dim=-1).gather(2, targets.unsqueeze(2)).squeeze(2)
    sums = (
        row[-len(t) :].sum() if left else row[: len(t)].sum()
        for row, t in zip(chosen, unpadded, strict=True)
    )
    return [Likelihood(float(s), len(t)) for s, t in zip(sums, unpadded, strict=True)]


def padded(
    sequences: Sequence[Ids], padding: int, *, left: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, batch x longest."""
    longest = max(map(len, sequences))
    ids = torch.full((len(sequences), longest), padding)
    mask = torch.zeros_like(ids)
    for i, sequence in enumerate(sequences):
        place = slice(longest - len(sequence), None) if left else slice(0, len(sequence))
        ids[i, place] = torch.tensor(sequence)
        mask[i, place] = 1
    return ids, mask


def _alike(sizes: Sequence[tuple[int, int]], most: int) -> list[list[int]]:
    """Indices in batches of at most `most`, like sizes together, largest first."""
    order = sorted(range(len(sizes)), key=lambda i: (sizes[i], i), reverse=True)
    return [order[i : i + most] for i in range(0, len(order), most)]


def _until(ids: Ids, ends: Sequence[int]) -> Ids:
    """The tokens up to the first end, which is included."""
    first = next((i for i, token in enumerate(ids) if token in ends), len(ids))
    return ids[: first + 1]
