"""Copy from a Hugging Face model: a base model prompted zero-shot, or a fine-tuned teacher."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.nn.functional import log_softmax
from tqdm import tqdm

from finetune.generate import Copy, Likelihood, Sampling
from finetune.pretrained import load_model
from finetune.teacher import prompt
from tinycopy.brief import Brief, normalise
from tinycopy.student import token_limit

Prompts = Callable[[Any, Brief, bool], list[int]]
"""Token ids of the prompt for (tokenizer, brief, whether the model is sequence-to-sequence)."""

_QUOTES = {'"': '"', "“": "”", "'": "'"}


def instruction(brief: Brief) -> str:
    """A brief in words, for a model that has never seen one."""
    low, high = brief.word_range
    kind = brief.type.value.replace("_", " ")
    lines = [f"Write one {kind} of {low} to {high} words in a {brief.tone} tone."]
    if brief.product:
        lines.append(
            f"Product: {brief.product}" + (f", {brief.category}" if brief.category else "")
        )
    if brief.features:
        lines.append(f"Features: {'; '.join(brief.features)}")
    if brief.prompt:
        lines.append(f"It is about: {brief.prompt}")
    if brief.audience:
        lines.append(f"Audience: {brief.audience}")
    if brief.keywords:
        lines.append(f"Use these words exactly: {'; '.join(brief.keywords)}")
    lines.append(f"State no fact that is not given here. Answer with the {kind} alone.")
    return "\n".join(lines)


def base_prompt(tokenizer: Any, brief: Brief, seq2seq: bool) -> list[int]:
    """The instruction as a chat turn where the tokenizer has a chat template, else as it is."""
    text = instruction(brief)
    if tokenizer.chat_template is None:
        return list(tokenizer(text if seq2seq else text + "\n\n")["input_ids"])
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": text}], add_generation_prompt=True, tokenize=False
    )
    return list(tokenizer(chat, add_special_tokens=seq2seq)["input_ids"])


def teacher_prompt(tokenizer: Any, brief: Brief, seq2seq: bool) -> list[int]:
    """The prompt that a teacher was fine-tuned on, tokenised as in fine-tuning."""
    return list(tokenizer(prompt(brief), add_special_tokens=seq2seq)["input_ids"])


def tidy(text: str) -> str:
    """What a model wrote as one line, without quotation marks around the whole of it."""
    line = normalise(text)
    while len(line) > 1 and _QUOTES.get(line[0]) == line[-1]:
        line = line[1:-1].strip()
    return line


class Pretrained:
    """A causal or sequence-to-sequence model that samples copy."""

    def __init__(self, name: str, prompts: Prompts, sampling: Sampling) -> None:
        self._model: Any
        self._model, self._tokenizer = load_model(name)
        self._model.eval()
        self._seq2seq = bool(self._model.config.is_encoder_decoder)
        self._prompts = prompts
        self._sampling = sampling

    def write(self, briefs: Sequence[Brief], *, variants: int = 1, seed: int) -> list[list[Copy]]:
        """See Generator. Briefs of like length share a batch; batch i samples from seed + i."""
        prompts = [self._prompts(self._tokenizer, brief, self._seq2seq) for brief in briefs]
        written: list[list[Copy]] = [[] for _ in briefs]
        batches = batches_of_like_size(
            [(token_limit(b), len(p)) for b, p in zip(briefs, prompts, strict=True)],
            self._sampling.batch,
        )
        for i, batch in enumerate(tqdm(batches, desc="write", unit="batch", disable=None)):
            limit = max(token_limit(briefs[j]) for j in batch)
            copies = self._sample([prompts[j] for j in batch], limit, variants, seed + i)
            for place, j in enumerate(batch):
                written[j] = copies[place * variants : (place + 1) * variants]
        return written

    def _sample(
        self, prompts: Sequence[list[int]], limit: int, variants: int, seed: int
    ) -> list[Copy]:
        """`variants` copies for each prompt, one prompt's copies after another's."""
        ids, mask = pad(prompts, self._tokenizer.pad_token_id, left=not self._seq2seq)
        start = time.perf_counter()
        with torch.random.fork_rng(devices=[]), torch.inference_mode():
            torch.manual_seed(seed)
            output = self._model.generate(
                input_ids=ids,
                attention_mask=mask,
                do_sample=True,
                temperature=self._sampling.temperature,
                top_p=self._sampling.top_p,
                top_k=0,
                num_return_sequences=variants,
                max_new_tokens=limit,
                eos_token_id=self._tokenizer.eos_token_id,
                pad_token_id=self._tokenizer.pad_token_id,
            )
        ms = 1000 * (time.perf_counter() - start) / len(output)
        first = 1 if self._seq2seq else ids.size(1)
        texts = (until(row, self._tokenizer.eos_token_id) for row in output[:, first:].tolist())
        return [
            Copy(tidy(self._tokenizer.decode(t, skip_special_tokens=True)), len(t), ms)
            for t in texts
        ]

    def log_likelihoods(self, briefs: Sequence[Brief], copies: Sequence[str]) -> list[Likelihood]:
        """See Generator: of the copy's tokens and the end of copy, given the prompt."""
        end = [self._tokenizer.eos_token_id]
        pairs = [
            (
                self._prompts(self._tokenizer, brief, self._seq2seq),
                list(self._tokenizer(copy, add_special_tokens=False)["input_ids"]) + end,
            )
            for brief, copy in zip(briefs, copies, strict=True)
        ]
        batches = batches_of_like_size([(len(s), len(t)) for s, t in pairs], self._sampling.batch)
        found: dict[int, Likelihood] = {}
        for batch in tqdm(batches, desc="perplexity", unit="batch", disable=None):
            chosen = [pairs[j] for j in batch]
            score = seq2seq_likelihoods if self._seq2seq else causal_likelihoods
            found |= zip(
                batch, score(self._model, chosen, self._tokenizer.pad_token_id), strict=True
            )
        return [found[i] for i in range(len(pairs))]


Pairs = Sequence[tuple[list[int], list[int]]]
"""(source, target) token ids."""


def causal_likelihoods(model: Any, pairs: Pairs, padding: int) -> list[Likelihood]:
    """The likelihood of each target after its source under a causal model, as one batch."""
    ids, mask = pad([s + t for s, t in pairs], padding, left=True)
    longest = max(len(target) for _, target in pairs)
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    with torch.inference_mode():
        # The logits at each position predict the next token; only the targets' are asked for.
        logits = model(
            input_ids=ids, attention_mask=mask, position_ids=positions, logits_to_keep=longest + 1
        ).logits[:, :-1]
    return _gather(logits, ids[:, -longest:], [t for _, t in pairs], left=True)


def seq2seq_likelihoods(model: Any, pairs: Pairs, padding: int) -> list[Likelihood]:
    """The likelihood of each target given its source under an encoder-decoder, as one batch."""
    ids, mask = pad([s for s, _ in pairs], padding, left=False)
    targets, _ = pad([t for _, t in pairs], padding, left=False)
    with torch.inference_mode():
        logits = model(input_ids=ids, attention_mask=mask, labels=targets).logits
    return _gather(logits, targets, [t for _, t in pairs], left=False)


def _gather(
    logits: torch.Tensor, targets: torch.Tensor, unpadded: Sequence[list[int]], *, left: bool
) -> list[Likelihood]:
    """logits: batch x length x vocabulary; targets: batch x length, padded on one side."""
    chosen = log_softmax(logits.float(), dim=-1).gather(2, targets.unsqueeze(2)).squeeze(2)
    sums = (
        row[-len(t) :].sum() if left else row[: len(t)].sum()
        for row, t in zip(chosen, unpadded, strict=True)
    )
    return [Likelihood(float(s), len(t)) for s, t in zip(sums, unpadded, strict=True)]


def pad(
    sequences: Sequence[list[int]], padding: int, *, left: bool
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


def batches_of_like_size(sizes: Sequence[tuple[int, int]], most: int) -> list[list[int]]:
    """Indices in batches of at most `most`, like sizes together, largest first."""
    order = sorted(range(len(sizes)), key=lambda i: (sizes[i], i), reverse=True)
    return [order[i : i + most] for i in range(0, len(order), most)]


def until(ids: list[int], end: int) -> list[int]:
    """The tokens up to the first end, which is included."""
    return ids[: ids.index(end) + 1] if end in ids else ids
