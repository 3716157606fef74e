"""The student: reads a brief, samples candidates, returns the best copy that passes its checks.

Not covered here: where a release comes from (release.py) and which one serves (loader.py).
"""

import queue
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import sentencepiece

from tinycopy.brief import Brief, normalise
from tinycopy.checks import run_checks
from tinycopy.encoding import ANY_FEATURE, ENCODING, PRODUCT, Slots, slots
from tinycopy.errors import NoUsableCopy
from tinycopy.grammar import faults
from tinycopy.manifest import ReleaseError
from tinycopy.model import ANY_SEED, END, MAX_SOURCE_TOKENS, Model
from tinycopy.settings import Settings
from tinycopy.topic import strays

SAFETY_CHECKS = frozenset({"clean_language", "supported_claims", "no_new_numbers"})
"""Copy that fails one of these is never returned."""
ALIKE = 0.8
"""Two copies that share this part of their words (Jaccard) count as the same variant."""
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
class Sample:
    """What a student sampled for a brief, its slots filled: '' at a slot that the brief lacks.

    score: mean log probability of a token.  tokens: END included, if it ended.  finished: ended by
    itself, not by the token limit.  faults: of grammar (grammar.py), features after other words,
    and words that stray from the brief (topic.py).
    """

    text: str
    score: float
    tokens: int
    finished: bool
    faults: int = 0


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

    @property
    def is_within(self) -> bool:
        """Whether it keeps the brief's character limit, if there is one."""
        return self.checks.get("within_characters", True)


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
    faults: int = 0

    @property
    def rank(self) -> tuple[bool, int, int, bool, float]:
        """Least is best."""
        variant = self.variant
        failed = sum(not passed for passed in variant.checks.values())
        return not variant.is_within, failed, self.faults, not self.finished, -variant.score


def marker_pieces(
    vocabulary: sentencepiece.SentencePieceProcessor, markers: Iterable[str]
) -> list[str]:
    """The pieces that stand for some markers, with and without a space before them."""
    forms = (form for marker in sorted(markers) for form in (marker, "\u2581" + marker))
    unknown = vocabulary.unk_id()
    return [form for form in forms if vocabulary.piece_to_id(form) != unknown]


def token_limit(brief: Brief) -> int:
    """Most tokens that copy for a brief may take: two for each word of its range, and some."""
    return 2 * brief.word_range[1] + 16


def token_floor(brief: Brief, marked: Slots) -> int:
    """Fewest tokens that copy for a brief may take: one for each word, one in seven for marks.

    A product's name of many words is one token, and so is a feature.
    """
    fewest = brief.word_range[0] + brief.word_range[0] // 7
    whole = (span for marker, span in marked.spans if marker in (PRODUCT, *ANY_FEATURE))
    return max(0, fewest - sum(len(span.split()) - 1 for span in whole))


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
    odd = faults(written) + strays(brief.facts, text, general)
    return Sample(text, score, tokens, finished, odd)


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
    ) -> None:
        """Loads the release's `files` (name -> content) and writes one token with each worker.

        encoding: of the briefs that it was trained with.  general: roots of words that fit any
        brief (topic.py); both as its manifest says. Raises ReleaseError
        if CTranslate2 or SentencePiece refuse the files or they do not belong together.
        """
        self._encoding = encoding
        self._general = frozenset(general)
        self._files = {n: c for n, c in files.items() if n != "spm.model"}
        try:
            self._pieces = sentencepiece.SentencePieceProcessor(model_proto=files["spm.model"])
        except (RuntimeError, OSError) as error:
            raise ReleaseError(f"spm.model: {error}") from error
        self._match_vocabulary()
        self._workers: queue.SimpleQueue[Model] = queue.SimpleQueue()
        for _ in range(workers):
            self._workers.put(Model(self._files))

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

    def _sample(
        self, model: Model, brief: Brief, batch: int, count: int, sampling: Sampling, opening: str
    ) -> tuple[list[Sample], int]:
        """`count` samples from `opening` on, and how many tokens were read for them."""
        marked = self.marked(brief, batch)
        tokens = self._tokens(marked)
        samples = []
        for pieces, score in model.sample(
            tokens,
            count,
            token_limit(brief),
            least=token_floor(brief, marked),
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            temperature=sampling.temperature,
            repetition_penalty=sampling.repetition_penalty,
            opening=self._pieces.encode(marked.extract(opening), out_type=str),
            without=marker_pieces(self._pieces, marked.foreign),
        ):
            finished = pieces[-1:] == [END]
            text = self._pieces.decode(pieces[:-1] if finished else pieces)
            samples.append(
                sampled(brief, marked, text, score, len(pieces), finished, self._general)
            )
        return samples, len(tokens)

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
        count = sampling.batch(variants)
        samples: list[Sample] = []
        chosen: tuple[Variant, ...] = ()
        batches = read = 0
        worker = self._workers.get()
        try:
            model = worker if seed is None else Model(self._files, seed % ANY_SEED)
            while batches < BATCHES and not enough(chosen, variants):
                batches += 1
                more, read = self._sample(model, asked, batches, count, sampling, opening)
                samples += more
                chosen = choose(brief, samples, variants)
        finally:
            self._workers.put(worker)
        if not chosen:
            raise NoUsableCopy(
                f"all of {len(samples)} candidates were empty or failed a safety check; "
                "say it in other words or give more features"
            )
        written = sum(sample.tokens for sample in samples)
        return Written(chosen, read, written, len(samples))


def enough(chosen: Sequence[Variant], variants: int) -> bool:
    """Whether no more candidates are needed: as many as asked for keep the character limit, and the
    best passes every check."""
    within = sum(variant.is_within for variant in chosen)
    return within >= variants and all(chosen[0].checks.values())


def choose(brief: Brief, samples: Iterable[Sample], variants: int) -> tuple[Variant, ...]:
    """Up to `variants` copies that differ, best first; none that is empty or unsafe.

    Whoever samples, a release or the student before conversion, chooses by this.
    """
    found = []
    for sample in samples:
        text = " ".join(sample.text.split())
        if re.search(r"\w", text):
            variant = Variant(text, run_checks(brief, text), sample.score, sample.tokens)
            found.append(_Candidate(variant, sample.finished, sample.faults))
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
