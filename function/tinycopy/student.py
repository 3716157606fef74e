"""The student: reads a brief, samples candidates, returns the best copy that passes its checks.

Not covered here: where a release comes from (release.py) and which one serves (loader.py).
"""

import queue
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ctranslate2
import msgspec
import sentencepiece

from tinycopy.brief import Brief, CopyType
from tinycopy.checks import run_checks
from tinycopy.encoding import Slots, slots
from tinycopy.errors import NoUsableCopy
from tinycopy.manifest import ReleaseError
from tinycopy.settings import Settings

SAFETY_CHECKS = frozenset({"clean_language", "supported_claims", "no_new_numbers"})
"""Copy that fails one of these is never returned."""
ALIKE = 0.8
"""Two copies that share this part of their words (Jaccard) count as the same variant."""
END = "</s>"
MAX_SOURCE_TOKENS = 1024
BATCHES = 2
"""Most batches of candidates that are sampled for one request."""

_ANY_SEED = 2**32 - 1  # CTranslate2's own mark for "draw a seed from the system"
_SEEDING = threading.Lock()  # CTranslate2 has one seed for the process
_WARM_UP = Brief(type=CopyType.SLOGAN, product="Sunrise Mug")


@dataclass(frozen=True)
class Sampling:
    """How candidates are drawn: how many for one variant, temperature above 0, nucleus 0-1."""

    candidates: int = Settings.candidates
    temperature: float = Settings.temperature
    top_p: float = Settings.top_p

    def batch(self, variants: int) -> int:
        """How many candidates one batch holds, to choose `variants` from."""
        return self.candidates + 2 * (variants - 1)


@dataclass(frozen=True)
class Sample:
    """What a student sampled for a brief, its slots not yet filled.

    score: mean log probability of a token.  tokens: END included, if it ended.  finished: ended by
    itself, not by the token limit.
    """

    text: str
    score: float
    tokens: int
    finished: bool


@dataclass(frozen=True)
class Variant:
    """One copy: its text, the checks that apply (True: passed), mean log probability of a token."""

    text: str
    checks: dict[str, bool]
    score: float
    tokens: int

    @property
    def is_safe(self) -> bool:
        return all(self.checks.get(name, True) for name in SAFETY_CHECKS)


@dataclass(frozen=True)
class Written:
    """The variants, best first, and what they cost: tokens read, tokens written, copies sampled."""

    variants: tuple[Variant, ...]
    prompt_tokens: int
    completion_tokens: int
    candidates: int


@dataclass(frozen=True)
class _Candidate:
    variant: Variant
    finished: bool

    @property
    def rank(self) -> tuple[int, bool, float]:
        """Least is best."""
        failed = sum(not passed for passed in self.variant.checks.values())
        return failed, not self.finished, -self.variant.score


def token_limit(brief: Brief) -> int:
    """Most tokens that copy for a brief may take: two for each word of its range, and some."""
    return 2 * brief.word_range[1] + 16


class Student:
    """A release, loaded. Safe to use from as many threads as it has `workers`; more wait."""

    def __init__(self, files: Mapping[str, bytes], workers: int = 1) -> None:
        """Loads the release's `files` (name -> content) and writes one token with each worker.

        Raises ReleaseError if CTranslate2 or SentencePiece refuse them or they do not belong
        together.
        """
        self._files = {n: c for n, c in files.items() if n != "spm.model"}
        try:
            self._pieces = sentencepiece.SentencePieceProcessor(model_proto=files["spm.model"])
        except (RuntimeError, OSError) as error:
            raise ReleaseError(f"spm.model: {error}") from error
        self._match_vocabulary()
        self._workers: queue.SimpleQueue[ctranslate2.Translator] = queue.SimpleQueue()
        try:
            for _ in range(workers):
                self._workers.put(self._translator(_ANY_SEED))
        except (RuntimeError, ValueError) as error:
            raise ReleaseError(f"model.bin: {error}") from error

    def _match_vocabulary(self) -> None:
        count = self._pieces.get_piece_size()
        pieces = self._pieces.id_to_piece(list(range(count)))
        try:
            vocabulary = msgspec.json.decode(self._files["shared_vocabulary.json"], type=list[str])
        except msgspec.DecodeError as error:
            raise ReleaseError(f"shared_vocabulary.json: {error}") from error
        if vocabulary[:count] != pieces:
            raise ReleaseError("shared_vocabulary.json: is not the vocabulary of spm.model")

    def _translator(self, seed: int) -> ctranslate2.Translator:
        """A new Translator whose random numbers start from `seed`.

        CTranslate2 seeds a worker's generator when that worker first samples, from a seed of the
        whole process. So the seed is set, one token sampled and the seed reset under one lock;
        docs/decisions/2026-11-22-seeds.md has what was measured.
        """
        with _SEEDING:
            ctranslate2.set_random_seed(seed)
            try:
                translator = ctranslate2.Translator(
                    "release", files=self._files, inter_threads=1, intra_threads=1
                )
                self._sample(translator, self._tokens(slots(_WARM_UP)), 1, 1, Sampling())
            finally:
                ctranslate2.set_random_seed(_ANY_SEED)
        return translator

    def _tokens(self, marked: Slots) -> list[str]:
        pieces: list[str] = self._pieces.encode(marked.source, out_type=str)
        return [*pieces[: MAX_SOURCE_TOKENS - 1], END]

    def _sample(
        self,
        translator: ctranslate2.Translator,
        tokens: list[str],
        count: int,
        limit: int,
        sampling: Sampling,
    ) -> list[Sample]:
        """`count` samples of at most `limit` tokens."""
        result = translator.translate_batch(
            [tokens],
            beam_size=1,
            num_hypotheses=count,
            max_input_length=MAX_SOURCE_TOKENS,
            max_decoding_length=limit,
            sampling_topk=0,
            sampling_topp=sampling.top_p,
            sampling_temperature=sampling.temperature,
            disable_unk=True,
            return_scores=True,
            return_end_token=True,
        )[0]
        samples = []
        for pieces, score in zip(result.hypotheses, result.scores, strict=True):
            finished = pieces[-1:] == [END]
            text = self._pieces.decode(pieces[:-1] if finished else pieces)
            samples.append(Sample(text, score, len(pieces), finished))
        return samples

    def write(
        self,
        brief: Brief,
        variants: int = 1,
        seed: int | None = None,
        sampling: Sampling | None = None,
    ) -> Written:
        """Up to `variants` copies that differ, best first: fewest failed checks, then likelihood.

        With a `seed` (0 or more) the answer is the same for the same release, brief, sampling and
        kind of processor. Too few safe copies that differ get one more batch, then fewer come
        back. Raises NoUsableCopy if none is safe.
        """
        tokens = self._tokens(slots(brief))
        sampling = sampling or Sampling()
        count = sampling.batch(variants)
        samples: list[Sample] = []
        chosen: tuple[Variant, ...] = ()
        batches = 0
        worker = self._workers.get()
        try:
            translator = worker if seed is None else self._translator(seed % _ANY_SEED)
            while batches < BATCHES and len(chosen) < variants:
                batches += 1
                samples += self._sample(translator, tokens, count, token_limit(brief), sampling)
                chosen = choose(brief, samples, variants)
        finally:
            self._workers.put(worker)
        if not chosen:
            raise NoUsableCopy(
                f"all of {len(samples)} candidates were empty or failed a safety check; "
                "say it in other words or give more features"
            )
        written = sum(sample.tokens for sample in samples)
        return Written(chosen, len(tokens), written, len(samples))


def choose(brief: Brief, samples: Iterable[Sample], variants: int) -> tuple[Variant, ...]:
    """Up to `variants` copies that differ, best first; none that is empty or unsafe.

    Whoever samples, a release or the student before conversion, chooses by this.
    """
    marked = slots(brief)
    found = []
    for sample in samples:
        text = " ".join((marked.fill(sample.text) or "").split())
        if re.search(r"\w", text):
            variant = Variant(text, run_checks(brief, text), sample.score, sample.tokens)
            found.append(_Candidate(variant, sample.finished))
    return _best(found, variants)


def _best(found: list[_Candidate], variants: int) -> tuple[Variant, ...]:
    """Up to `variants` safe copies, best first, no two ALIKE."""
    chosen: list[tuple[Variant, frozenset[str]]] = []
    for candidate in sorted(found, key=lambda candidate: candidate.rank):
        words = frozenset(re.findall(r"\w+", candidate.variant.text.casefold()))
        alike = (len(words & other) >= ALIKE * len(words | other) for _, other in chosen)
        if candidate.variant.is_safe and not any(alike):
            chosen.append((candidate.variant, words))
    return tuple(variant for variant, _ in chosen[:variants])
