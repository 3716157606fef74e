"""Copy from a Hugging Face model: a base model prompted zero-shot, or a fine-tuned teacher."""

from collections.abc import Callable, Sequence
from typing import Any

from finetune.generators.batches import Model, likelihoods, sample, seeded
from finetune.generators.generate import Copy, Likelihood, Sampling
from finetune.pretrained import load_model
from finetune.teacher import prompt
from tinycopy.brief import Brief, normalise
from tinycopy.pieces import token_limit

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
        self._tokenizer: Any
        model, self._tokenizer = load_model(name)
        self._model = Model(
            model.eval(),
            end=self._tokenizer.eos_token_id,
            padding=self._tokenizer.pad_token_id,
            batch=sampling.batch,
        )
        self._prompts = prompts
        self._sampling = sampling

    def write(self, briefs: Sequence[Brief], *, variants: int = 1, seed: int) -> list[list[Copy]]:
        """See Generator. Copy is what the model samples first, unranked."""
        written: list[list[Copy]] = [[] for _ in briefs]
        with seeded(seed):
            for sampled in sample(
                self._model,
                [self._prompt(brief) for brief in briefs],
                [token_limit(brief) for brief in briefs],
                variants,
                temperature=self._sampling.temperature,
                top_p=self._sampling.top_p,
            ):
                written[sampled.index] = [
                    Copy(self._text(ids), len(ids), sampled.ms / variants)
                    for ids in sampled.samples
                ]
        return written

    def log_likelihoods(self, briefs: Sequence[Brief], copies: Sequence[str]) -> list[Likelihood]:
        """See Generator: of the copy's tokens and the end of copy, given the prompt."""
        targets = [
            [*self._tokenizer(copy, add_special_tokens=False)["input_ids"], self._model.end]
            for copy in copies
        ]
        sources = [self._prompt(brief) for brief in briefs]
        return likelihoods(self._model, list(zip(sources, targets, strict=True)))

    def _prompt(self, brief: Brief) -> list[int]:
        return self._prompts(self._tokenizer, brief, self._model.seq2seq)

    def _text(self, ids: list[int]) -> str:
        return tidy(self._tokenizer.decode(ids, skip_special_tokens=True))
