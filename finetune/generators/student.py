"""Copy from a student before conversion: a PyTorch model over slots (fp32)."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import sentencepiece

from finetune.general_words import read_general_words
from finetune.generators.batches import Model, likelihoods, sample, seeded
from finetune.generators.generate import Copy, Likelihood
from finetune.pretrained import load_weights
from finetune.stage import StageError, digest, file_digest
from tinycopy import student
from tinycopy.brief import Brief
from tinycopy.encoding import Slots, slots
from tinycopy.model import MAX_SOURCE_TOKENS

_FILES = ("config.json", "model.safetensors", "spm.model")


def student_digest(directory: Path) -> str:
    """A digest of a student's directory. Raises StageError naming the file that it lacks."""
    for name in _FILES:
        if not (directory / name).is_file():
            raise StageError(f"student {directory}: no {name}; is it a student's directory?")
    return digest("".join(f"{n} {file_digest(directory / n)}\n" for n in _FILES).encode())


class TorchStudent:
    """A student's directory: config.json, model.safetensors and spm.model.

    It samples as many candidates as the function and chooses as the function does, so that it
    differs from its release in arithmetic alone.
    """

    def __init__(
        self, directory: Path, batch: int, sampling: student.Sampling | None = None
    ) -> None:
        """batch: briefs at a time.  sampling: the function's own by default."""
        self._spm = sentencepiece.SentencePieceProcessor(model_file=str(directory / "spm.model"))
        self._model = Model(
            load_weights(directory).eval(),
            end=self._spm.eos_id(),
            padding=self._spm.pad_id(),
            batch=batch,
        )
        self._sampling = sampling or student.Sampling()
        self._general = frozenset(read_general_words(directory))

    def write(self, briefs: Sequence[Brief], *, variants: int = 1, seed: int) -> list[list[Copy]]:
        """See Generator. A brief for which no candidate is usable gets no text."""
        samples: list[list[student.Sample]] = [[] for _ in briefs]
        chosen: list[tuple[student.Variant, ...]] = [()] * len(briefs)
        ms = [0.0] * len(briefs)
        with seeded(seed):
            for batch in range(1, student.BATCHES + 1):
                lacking = [
                    i for i, found in enumerate(chosen) if not student.enough(found, variants)
                ]
                drawn = self.sample([briefs[i] for i in lacking], variants, batch)
                for i, (more, took) in zip(lacking, drawn, strict=True):
                    samples[i] += more
                    ms[i] += took / variants
                    chosen[i] = student.choose(briefs[i], samples[i], variants)
        return [
            [Copy(v.text, v.tokens, took) for v in found]
            + [Copy("", 0, took)] * (variants - len(found))
            for found, took in zip(chosen, ms, strict=True)
        ]

    def sample(
        self, briefs: Sequence[Brief], variants: int, batch: int = 1
    ) -> list[tuple[list[student.Sample], float]]:
        """A batch of candidates for each brief, the first or a later one, and its milliseconds."""
        briefs = [msgspec.structs.replace(b, length=b.length_to_write) for b in briefs]
        marked = [student.slots_for(brief, batch) for brief in briefs]
        sources = [self._source(one) for one in marked]
        foreign = [student.marker_pieces(self._spm, one.foreign) for one in marked]
        drawn = sorted(
            sample(
                self._model,
                sources,
                [student.token_limit(brief) for brief in briefs],
                self._sampling.batch(variants),
                temperature=self._sampling.temperature,
                top_p=self._sampling.top_p,
                top_k=self._sampling.top_k,
                repetition_penalty=self._sampling.repetition_penalty,
                floors=[student.token_floor(*each) for each in zip(briefs, marked, strict=True)],
                without=[[self._spm.piece_to_id(p) for p in pieces] for pieces in foreign],
                suppress_tokens=[self._spm.unk_id()],
            ),
            key=lambda sampled: sampled.index,
        )
        pairs = [(sources[one.index], ids) for one in drawn for ids in one.samples]
        scores = iter(likelihoods(self._model, pairs))
        return [
            (
                [
                    self._read(ids, briefs[one.index], marked[one.index], next(scores))
                    for ids in one.samples
                ],
                one.ms,
            )
            for one in drawn
        ]

    def _read(
        self, ids: list[int], brief: Brief, marked: Slots, likelihood: Likelihood
    ) -> student.Sample:
        finished = ids[-1:] == [self._model.end]
        score = likelihood.sum_logprob / likelihood.tokens
        text = self._spm.decode(ids)
        return student.sampled(brief, marked, text, score, len(ids), finished, self._general)

    def log_likelihoods(self, briefs: Sequence[Brief], copies: Sequence[str]) -> list[Likelihood]:
        """See Generator. The copy is scored as the student writes it, with slots.

        Slots put back give the copy exactly, so this is a likelihood of the copy's characters.
        """
        marked = [slots(brief) for brief in briefs]
        targets = [
            [*self._spm.encode(one.extract(copy)), self._model.end]
            for one, copy in zip(marked, copies, strict=True)
        ]
        sources = [self._source(one) for one in marked]
        return likelihoods(self._model, list(zip(sources, targets, strict=True)))

    def _source(self, marked: Slots) -> list[int]:
        ids: list[int] = self._spm.encode(marked.source)
        return [*ids[: MAX_SOURCE_TOKENS - 1], self._model.end]
