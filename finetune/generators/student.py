"""Copy from a student before conversion: a PyTorch model over slots (fp32)."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import sentencepiece
import torch

from finetune.general_words import read_general_words
from finetune.generators.batches import Model, likelihoods, sample, seeded
from finetune.generators.generate import Copy, Likelihood
from finetune.pretrained import load_weights
from finetune.shortlist import read_shortlist
from finetune.stage import StageError, digest, file_digest
from tinycopy import student
from tinycopy.brief import Brief
from tinycopy.choosing import Sample, Variant, choose, enough
from tinycopy.encoding import Slots, slots
from tinycopy.model import MAX_SOURCE_TOKENS
from tinycopy.pieces import known_pieces, marker_pieces, token_floor, token_limit
from tinycopy.sentences import STOPS, is_long

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
        self._options: dict[str, Any] = {
            "temperature": self._sampling.temperature,
            "top_p": self._sampling.top_p,
            "top_k": self._sampling.top_k,
            "repetition_penalty": self._sampling.repetition_penalty,
            "suppress_tokens": [self._spm.unk_id()],
        }
        stops = known_pieces(self._spm, STOPS)
        self._stops = [self._spm.piece_to_id(stop) for stop in stops]
        self._general = frozenset(read_general_words(directory))
        self._barred = self._not_on(read_shortlist(directory)) if self._model.seq2seq else []

    def write(self, briefs: Sequence[Brief], *, variants: int = 1, seed: int) -> list[list[Copy]]:
        """See Generator. A brief for which no candidate is usable gets no text."""
        samples: list[list[Sample]] = [[] for _ in briefs]
        chosen: list[tuple[Variant, ...]] = [()] * len(briefs)
        ms = [0.0] * len(briefs)
        with seeded(seed):
            for batch in range(1, student.BATCHES + 1):
                lacking = [i for i, found in enumerate(chosen) if not enough(found, variants)]
                drawn = self.sample([briefs[i] for i in lacking], variants, batch)
                for i, (more, took) in zip(lacking, drawn, strict=True):
                    samples[i] += more
                    ms[i] += took / variants
                    chosen[i] = choose(briefs[i], samples[i], variants)
        return [
            [Copy(v.text, v.tokens, took) for v in found]
            + [Copy("", 0, took)] * (variants - len(found))
            for found, took in zip(chosen, ms, strict=True)
        ]

    def sample(
        self, briefs: Sequence[Brief], variants: int, batch: int = 1
    ) -> list[tuple[list[Sample], float]]:
        """A batch of candidates for each brief, the first or a later one, and its milliseconds."""
        briefs = [msgspec.structs.replace(b, length=b.length_to_write) for b in briefs]
        by_sentence = batch == 1 and self._stops
        long = [i for i, brief in enumerate(briefs) if by_sentence and is_long(brief)]
        short = [i for i in range(len(briefs)) if i not in long]
        found = dict(zip(long, (self._by_sentence(briefs[i], variants) for i in long), strict=True))
        found |= zip(short, self._whole([briefs[i] for i in short], variants, batch), strict=True)
        return [found[i] for i in range(len(briefs))]

    def _whole(
        self, briefs: Sequence[Brief], variants: int, batch: int
    ) -> list[tuple[list[Sample], float]]:
        marked = [student.slots_for(brief, batch) for brief in briefs]
        sources = [self._source(one) for one in marked]
        drawn = sorted(
            sample(
                self._model,
                sources,
                [token_limit(brief) for brief in briefs],
                self._sampling.batch(variants),
                floors=[token_floor(*each) for each in zip(briefs, marked, strict=True)],
                without=[[*self._markers(one.foreign), *self._barred] for one in marked],
                **self._options,
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

    def _by_sentence(self, brief: Brief, variants: int) -> tuple[list[Sample], float]:
        marked = student.slots_for(brief)
        source = self._source(marked)
        ms = 0.0

        def following(
            opening: Sequence[str], count: int, limit: int, said: Collection[str]
        ) -> list[tuple[list[str], float]]:
            nonlocal ms
            ids = [self._spm.piece_to_id(piece) for piece in opening]
            before, start = (source, ids) if self._model.seq2seq else (source + ids, [])
            options = dict(self._options)
            if start:
                first = self._model.model.config.decoder_start_token_id
                options["decoder_input_ids"] = torch.tensor([[first, *start]])
            banned = self._markers(marked.foreign | {*said})
            [drawn] = sample(
                self._model,
                [before],
                [len(start) + limit],
                count,
                without=[[self._model.end, *banned, *self._barred]],
                ends=self._stops,
                branch=len(start) or None,
                **options,
            )
            ms += drawn.ms
            whole = likelihoods(self._model, [(before, each) for each in drawn.samples])
            known = likelihoods(self._model, [(before, start)])[0].sum_logprob if start else 0.0
            new = [each[len(start) :] for each in drawn.samples]
            return [
                (
                    [self._spm.id_to_piece(token) for token in each],
                    (one.sum_logprob - known) / max(1, len(each)),
                )
                for each, one in zip(new, whole, strict=True)
            ]

        def proceed(
            openings: Sequence[Sequence[str]], *asked: Any
        ) -> list[list[tuple[list[str], float]]]:
            return [following(opening, *asked) for opening in openings]

        found = student.by_sentence(
            brief,
            marked,
            self._general,
            self._spm.decode,
            proceed,
            (),
            variants,
            self._sampling.batch(variants),
        )
        return found.samples, ms

    def _not_on(self, shortlist: Iterable[str]) -> list[int]:
        """The tokens that are not on a shortlist, if there is one."""
        known = {self._spm.piece_to_id(piece) for piece in shortlist}
        return [token for token in range(len(self._spm)) if known and token not in known]

    def _markers(self, markers: Iterable[str]) -> list[int]:
        return [self._spm.piece_to_id(p) for p in marker_pieces(self._spm, markers)]

    def _read(self, ids: list[int], brief: Brief, marked: Slots, likelihood: Likelihood) -> Sample:
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
