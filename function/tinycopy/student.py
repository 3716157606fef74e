"""The student: reads a brief, samples candidates, returns the best copy that passes its checks.

Not covered here: where a release comes from (release.py) and which one serves (loader.py).
"""

import functools
import queue
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import msgspec
import sentencepiece

from tinycopy.brief import Brief, normalise
from tinycopy.choosing import Sample, Variant, choose, enough
from tinycopy.encoding import ENCODING, Slots, slots
from tinycopy.errors import NoUsableCopy
from tinycopy.grammar import faults
from tinycopy.manifest import ReleaseError
from tinycopy.model import ANY_SEED, END, MAX_SOURCE_TOKENS, Model
from tinycopy.pieces import known_pieces, marker_pieces, token_floor, token_limit
from tinycopy.release import Release
from tinycopy.sentences import STOPS, Decode, Proceed, Sentences, is_long
from tinycopy.settings import Settings
from tinycopy.topic import strays

BATCHES = 2
"""Most batches of candidates that are sampled for one request."""


@dataclass(frozen=True)
class Sampling:
    """How candidates are drawn: how many for one variant, temperature above 0, each token from the
    top_k likeliest (0: all) and of those from the nucleus top_p, 0-1; repetition_penalty, 1 or
    more, makes tokens that the copy already has less likely (Keskar et al., 2019)."""

    candidates: int = Settings.candidates
    temperature: float = Settings.temperature
    top_p: float = Settings.top_p
    top_k: int = Settings.top_k
    repetition_penalty: float = Settings.repetition_penalty

    def batch(self, variants: int) -> int:
        """How many candidates one batch holds, to choose `variants` from."""
        return self.candidates + 2 * (variants - 1)


@dataclass(frozen=True)
class Written:
    """The variants, best first, and what they cost: tokens read, tokens written, copies sampled."""

    variants: tuple[Variant, ...]
    prompt_tokens: int
    completion_tokens: int
    candidates: int


@dataclass(frozen=True)
class Batch:
    """Samples to choose from, and what they cost: candidates and tokens that were drawn."""

    samples: list[Sample]
    candidates: int
    tokens: int


_Draw = Callable[..., list[list[tuple[list[str], float]]]]


def sampled(
    brief: Brief,
    marked: Slots,
    written: str,
    score: float,
    tokens: int,
    finished: bool,
    general: Collection[str],
) -> Sample:
    """What a student wrote for a brief's slots, as a sample; see Sample and topic.strays."""
    text = marked.fill(written) or ""
    odd = faults(written, marked.spans) + strays(brief.facts, text, general)
    return Sample(text, score, tokens, finished, odd)


def by_sentence(
    brief: Brief,
    marked: Slots,
    general: Collection[str],
    decode: Decode,
    proceed: Proceed,
    opening: Sequence[str],
    variants: int,
    count: int,
) -> Batch:
    """Up to `variants` samples from `opening` on, out of `count` first sentences (sentences.py)."""
    writer = Sentences(brief, marked, general, decode, proceed)
    samples = []
    for draft in writer.write(opening, variants, count):
        score = draft.logprob / max(1, draft.tokens)
        samples.append(sampled(brief, marked, draft.written, score, draft.tokens, True, general))
    return Batch(samples, writer.sampled, writer.tokens)


def slots_for(brief: Brief, batch: int = 1, encoding: int = ENCODING) -> Slots:
    """The slots from which the candidates of a batch (1 is the first) are written.

    encoding: of the briefs that the student was trained with. From encoding 4 on, keywords no
    longer depend on the slots that hold them where the first batch failed.
    """
    return slots(brief, encoding, apart=brief.keywords if batch > 1 else ())


class Student:
    """A release, loaded. Safe to use from as many threads as it has `workers`; more wait."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        workers: int = 1,
        encoding: int = ENCODING,
        general: Iterable[str] = (),
        shortlist: Collection[str] = (),
    ) -> None:
        """Loads the release's `files` (name -> content) and writes one token with each worker.

        encoding: of the briefs that it was trained with.  general: roots of words that fit any
        brief (topic.py).  shortlist: pieces to sample from; none for all.
        All three as its manifest says. Raises ReleaseError if CTranslate2 or SentencePiece refuse
        the files or they do not belong together.
        """
        self._encoding = encoding
        self._general = frozenset(general)
        self._files = {n: c for n, c in files.items() if n != "spm.model"}
        try:
            self._pieces = sentencepiece.SentencePieceProcessor(model_proto=files["spm.model"])
        except (RuntimeError, OSError) as error:
            raise ReleaseError(f"spm.model: {error}") from error
        self._match_vocabulary()
        self._shortlist = shortlist
        self._stops = known_pieces(self._pieces, STOPS)
        self._workers: queue.SimpleQueue[Model] = queue.SimpleQueue()
        for _ in range(workers):
            self._workers.put(Model(self._files, shortlist=shortlist))

    @classmethod
    def of(cls, release: Release, workers: int = 1) -> Self:
        """The student of a release. Raises ReleaseError as above."""
        manifest = release.manifest
        return cls(release.files, workers, manifest.encoding, manifest.general, manifest.shortlist)

    def _match_vocabulary(self) -> None:
        count = self._pieces.get_piece_size()
        pieces = self._pieces.id_to_piece(list(range(count)))
        try:
            vocabulary = msgspec.json.decode(self._files["shared_vocabulary.json"], type=list[str])
        except msgspec.DecodeError as error:
            raise ReleaseError(f"shared_vocabulary.json: {error}") from error
        if vocabulary[:count] != pieces:
            raise ReleaseError("shared_vocabulary.json: is not the vocabulary of spm.model")

    def marked(self, brief: Brief, batch: int = 1) -> Slots:
        """The brief as this student reads it for a batch of candidates."""
        return slots_for(brief, batch, self._encoding)

    def _tokens(self, marked: Slots) -> list[str]:
        pieces: list[str] = self._pieces.encode(marked.source, out_type=str)
        return [*pieces[: MAX_SOURCE_TOKENS - 1], END]

    def _whole(
        self, draw: _Draw, brief: Brief, marked: Slots, count: int, opening: list[str]
    ) -> Batch:
        """`count` whole copies from `opening` on."""
        samples = []
        [drawn] = draw(
            [opening],
            count,
            token_limit(brief),
            least=token_floor(brief, marked),
            without=marker_pieces(self._pieces, marked.foreign),
        )
        for pieces, score in drawn:
            finished = pieces[-1:] == [END]
            text = self._pieces.decode(pieces[:-1] if finished else pieces)
            samples.append(
                sampled(brief, marked, text, score, len(pieces), finished, self._general)
            )
        return Batch(samples, len(samples), sum(sample.tokens for sample in samples))

    def _by_sentence(
        self,
        draw: _Draw,
        brief: Brief,
        marked: Slots,
        variants: int,
        count: int,
        opening: list[str],
    ) -> Batch:
        """Up to `variants` copies from `opening` on, out of `count` first sentences."""

        def proceed(
            openings: Sequence[Sequence[str]], count: int, limit: int, said: Collection[str]
        ) -> list[list[tuple[list[str], float]]]:
            without = [END, *marker_pieces(self._pieces, marked.foreign | {*said})]
            limit += max(map(len, openings))
            drawn = draw(openings, count, limit, without=without, ends=self._stops, branch=True)
            return [
                [(pieces[len(opening) :], score) for pieces, score in found]
                for opening, found in zip(openings, drawn, strict=True)
            ]

        return by_sentence(
            brief, marked, self._general, self._pieces.decode, proceed, opening, variants, count
        )

    def write(
        self,
        brief: Brief,
        variants: int = 1,
        seed: int | None = None,
        sampling: Sampling | None = None,
        opening: str = "",
    ) -> Written:
        """Up to `variants` copies that differ, best first: fewest failed checks, then faults, then
        likelihood.

        opening: words that each copy starts with.
        With a `seed` (0 or more) the answer is the same for the same release, brief, opening,
        sampling and kind of processor. A batch that is not `enough` is followed by one more; then
        fewer come back, those over the limit last. Raises NoUsableCopy if none is safe.
        """
        asked = msgspec.structs.replace(brief, length=brief.length_to_write)
        opening = normalise(opening)
        sampling = sampling or Sampling()
        samples: list[Sample] = []
        chosen: tuple[Variant, ...] = ()
        batches = read = written = candidates = 0
        worker = self._workers.get()
        try:
            model = worker if seed is None else Model(self._files, seed % ANY_SEED, self._shortlist)
            while batches < BATCHES and not enough(chosen, variants):
                batches += 1
                marked = self.marked(asked, batches)
                tokens = self._tokens(marked)
                start = self._pieces.encode(marked.extract(opening), out_type=str)
                draw = functools.partial(_drawn, model, tokens, sampling)
                count = sampling.batch(variants)
                if batches == 1 and self._stops and is_long(asked):
                    batch = self._by_sentence(draw, asked, marked, variants, count, start)
                else:
                    batch = self._whole(draw, asked, marked, count, start)
                samples += batch.samples
                read, written = len(tokens), written + batch.tokens
                candidates += batch.candidates
                chosen = choose(brief, samples, variants)
        finally:
            self._workers.put(worker)
        if not chosen:
            raise NoUsableCopy(
                f"all of {candidates} candidates were empty or failed a safety check; "
                "say it in other words or give more features"
            )
        return Written(chosen, read, written, candidates)


def _drawn(
    model: Model,
    tokens: Sequence[str],
    sampling: Sampling,
    openings: Sequence[Sequence[str]],
    count: int,
    limit: int,
    **options: Any,
) -> list[list[tuple[list[str], float]]]:
    """What a model samples for some tokens; see Model.sample."""
    return model.sample(
        tokens,
        count,
        limit,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        temperature=sampling.temperature,
        repetition_penalty=sampling.repetition_penalty,
        openings=openings,
        **options,
    )
