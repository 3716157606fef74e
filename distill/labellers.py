"""Whoever writes the copy that may become labels: a teacher, or a release.

A release teaches a smaller student what it writes at its best: the copy that it would answer with,
chosen from all its candidates (Mirzadeh et al., 2020, call such a teacher an assistant). Not here:
what is kept of it (label.py).
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import ctranslate2
from ctranslate2.converters import TransformersConverter
from transformers import AutoConfig, AutoTokenizer

from finetune.stage import StageError, is_main_process, say, wait_for_everyone
from finetune.teacher import prompt
from tinycopy.brief import Brief, normalise
from tinycopy.errors import NoUsableCopy
from tinycopy.manifest import MANIFEST, ReleaseError
from tinycopy.pieces import token_limit
from tinycopy.release import embedded
from tinycopy.student import Sampling, Student

if TYPE_CHECKING:
    from distill.label import LabelSettings


@dataclass(frozen=True)
class Candidates:
    """What was written for a brief: copies and their mean log probability of a token, best first.

    passed_over: copies that the labeller itself left out.
    """

    copies: tuple[tuple[str, float], ...]
    passed_over: int = 0


class Labeller(Protocol):
    """Writes candidates for briefs.  workers: batches that it writes at a time."""

    workers: int

    def candidates(self, briefs: Sequence[Brief]) -> list[Candidates]:
        """What it writes for each brief, in order."""


def is_release(directory: Path) -> bool:
    """Whether a directory holds a release and not a teacher."""
    return (directory / MANIFEST).exists()


def weights(directory: Path) -> Path:
    """The file of a teacher or release by which it is told from others."""
    return directory / (MANIFEST if is_release(directory) else "model.safetensors")


def open_labeller(
    settings: "LabelSettings", directory: Path, converted: Path, rank: int
) -> Labeller:
    """The teacher or release in `directory`.

    converted: where a teacher is put as a CTranslate2 model, by rank 0. Raises StageError if it
    cannot be converted or loaded.
    """
    ctranslate2.set_random_seed(settings.seed + rank)
    if is_release(directory):
        return _Release(settings, directory)
    return _Teacher(settings, directory, _convert(directory, converted, settings.compute_type))


def _cores() -> int:
    return int(os.environ.get("OMP_NUM_THREADS", "0")) or os.cpu_count() or 1


def _convert(teacher: Path, out: Path, compute_type: str) -> Path:
    """The teacher as a CTranslate2 model; converted once, by rank 0."""
    if is_main_process() and not (out / "model.bin").exists():
        say(f"label: converting {teacher} to CTranslate2 {compute_type}")
        try:
            converter = TransformersConverter(str(teacher))
            converter.convert(str(out), quantization=compute_type, force=True)
        except ValueError as error:
            raise StageError(
                f"{teacher}: CTranslate2 cannot convert this teacher: {error}"
            ) from error
    wait_for_everyone()
    return out


class _Release:
    """A release, which samples, checks and ranks as the function does."""

    def __init__(self, settings: "LabelSettings", directory: Path) -> None:
        self.workers = _cores()
        self._keep = settings.keep
        self._sampling = Sampling(
            candidates=settings.candidates, temperature=settings.temperature, top_k=settings.top_k
        )
        try:
            self._student = Student.of(embedded(directory), self.workers)
        except ReleaseError as error:
            raise StageError(f"release {directory}: {error}") from error

    def candidates(self, briefs: Sequence[Brief]) -> list[Candidates]:
        """See Labeller."""
        with ThreadPoolExecutor(self.workers) as pool:
            return list(pool.map(self._written, briefs))

    def _written(self, brief: Brief) -> Candidates:
        try:
            written = self._student.write(brief, self._keep, sampling=self._sampling)
        except NoUsableCopy:
            return Candidates((), self._sampling.batch(self._keep))
        copies = tuple((variant.text, variant.score) for variant in written.variants)
        return Candidates(copies, written.candidates - len(copies))


class _Teacher:
    """A converted teacher, causal or sequence-to-sequence."""

    def __init__(self, settings: "LabelSettings", teacher: Path, converted: Path) -> None:
        self._settings = settings
        self._tokenizer: Any = AutoTokenizer.from_pretrained(teacher)
        self._seq2seq = AutoConfig.from_pretrained(teacher).is_encoder_decoder
        family: Any = ctranslate2.Translator if self._seq2seq else ctranslate2.Generator
        # On a CPU, a batch for each core is twice as fast as all cores for one batch.
        self.workers = 1 if ctranslate2.get_cuda_device_count() else _cores()
        self._model = family(
            str(converted), device="auto", inter_threads=self.workers, intra_threads=1
        )

    def candidates(self, briefs: Sequence[Brief]) -> list[Candidates]:
        """See Labeller."""
        encoded = [
            self._tokenizer(prompt(b), add_special_tokens=self._seq2seq)["input_ids"]
            for b in briefs
        ]
        tokens = [self._tokenizer.convert_ids_to_tokens(ids) for ids in encoded]
        options: dict[str, Any] = {
            "num_hypotheses": self._settings.candidates,
            "beam_size": 1,
            # Sorting all of a large vocabulary, as top-p does, takes longer than the model.
            "sampling_topk": self._settings.top_k,
            "sampling_temperature": self._settings.temperature,
            "return_scores": True,
            "max_batch_size": self._settings.batch_size,
        }
        most = max(map(token_limit, briefs))
        if self._seq2seq:
            results = self._model.translate_batch(tokens, max_decoding_length=most, **options)
            written = [
                [self._tokenizer.convert_tokens_to_ids(h) for h in r.hypotheses] for r in results
            ]
        else:
            results = self._model.generate_batch(
                tokens, max_length=most, include_prompt_in_result=False, **options
            )
            written = [r.sequences_ids for r in results]
        return [
            self._ranked(ids_of_brief, result.scores)
            for ids_of_brief, result in zip(written, results, strict=True)
        ]

    def _ranked(self, written: Sequence[list[int]], scores: Sequence[float]) -> Candidates:
        texts = (normalise(self._tokenizer.decode(i, skip_special_tokens=True)) for i in written)
        copies = zip(texts, scores, strict=True)
        return Candidates(tuple(sorted(copies, key=lambda copy: -copy[1])))
