"""Copy from a student before conversion: a PyTorch encoder-decoder over slots (fp32)."""

import time
from collections.abc import Sequence
from pathlib import Path

import sentencepiece
import torch
from tqdm import tqdm
from transformers import T5ForConditionalGeneration

from finetune.generate import Copy, Likelihood, Sampling
from finetune.pretrained_generator import batches_of_like_size, pad, seq2seq_likelihoods, until
from finetune.stage import StageError, digest, file_digest
from tinycopy.brief import Brief
from tinycopy.encoding import slots
from tinycopy.student import token_limit

_FILES = ("config.json", "model.safetensors", "spm.model")


def student_digest(directory: Path) -> str:
    """A digest of a student's directory. Raises StageError naming the file that it lacks."""
    for name in _FILES:
        if not (directory / name).is_file():
            raise StageError(f"student {directory}: no {name}; is it a student's directory?")
    return digest("".join(f"{n} {file_digest(directory / n)}\n" for n in _FILES).encode())


class TorchStudent:
    """A student's directory: config.json, model.safetensors and spm.model."""

    def __init__(self, directory: Path, sampling: Sampling) -> None:
        self._model = T5ForConditionalGeneration.from_pretrained(directory).eval()
        self._spm = sentencepiece.SentencePieceProcessor(model_file=str(directory / "spm.model"))
        self._sampling = sampling

    def write(self, briefs: Sequence[Brief], *, variants: int = 1, seed: int) -> list[list[Copy]]:
        """See Generator. Copy that names a slot which its brief lacks comes back empty."""
        sources = [self._encode(slots(brief).source) for brief in briefs]
        sizes = [(token_limit(b), len(s)) for b, s in zip(briefs, sources, strict=True)]
        written: list[list[Copy]] = [[] for _ in briefs]
        batches = batches_of_like_size(sizes, self._sampling.batch)
        for i, batch in enumerate(tqdm(batches, desc="write", unit="batch", disable=None)):
            limit = max(token_limit(briefs[j]) for j in batch)
            start = time.perf_counter()
            output = self._sample([sources[j] for j in batch], limit, variants, seed + i)
            ms = 1000 * (time.perf_counter() - start) / len(output)
            for place, ids in enumerate(output):
                j = batch[place // variants]
                text = slots(briefs[j]).fill(self._spm.decode(ids))
                written[j].append(Copy(text or "", len(ids), ms))
        return written

    def _sample(
        self, sources: Sequence[list[int]], limit: int, variants: int, seed: int
    ) -> list[list[int]]:
        ids, mask = pad(sources, self._spm.pad_id(), left=False)
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
                eos_token_id=self._spm.eos_id(),
                pad_token_id=self._spm.pad_id(),
            )
        return [until(row, self._spm.eos_id()) for row in output[:, 1:].tolist()]

    def log_likelihoods(self, briefs: Sequence[Brief], copies: Sequence[str]) -> list[Likelihood]:
        """See Generator. The copy is scored as the student writes it, with slots.

        Slots put back give the copy exactly, so this is a likelihood of the copy's characters.
        """
        pairs = [
            (self._encode(slots(b).source), self._encode(slots(b).extract(c)))
            for b, c in zip(briefs, copies, strict=True)
        ]
        found: dict[int, Likelihood] = {}
        for batch in batches_of_like_size(
            [(len(s), len(t)) for s, t in pairs], self._sampling.batch
        ):
            chosen = [pairs[j] for j in batch]
            scores = seq2seq_likelihoods(self._model, chosen, self._spm.pad_id())
            found |= zip(batch, scores, strict=True)
        return [found[i] for i in range(len(pairs))]

    def _encode(self, text: str) -> list[int]:
        return [*self._spm.encode(text), self._spm.eos_id()]
