"""Let a teacher write copy for many briefs, and keep what passes the checks: the labels.

Each brief gets several candidates; those that fail a check, repeat each other or copy training
text are dropped, counted by reason, and the likeliest of the rest are kept. Copy that fits a
brief of another length or without a keyword is kept for that brief (hindsight.py).
"""

import gzip
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import ctranslate2
import msgspec
from ctranslate2.converters import TransformersConverter
from msgspec import Meta
from tqdm import tqdm
from transformers import AutoConfig, AutoTokenizer

from distill.briefs import new_briefs
from distill.hindsight import fitted
from finetune.deck import Row
from finetune.evaluation.overlap import COPIED_RUN, TrainingCopy
from finetune.stage import (
    Metadata,
    StageError,
    digest,
    file_digest,
    is_main_process,
    run_stage,
    say,
    wait_for_everyone,
)
from finetune.teacher import prompt
from tinycopy.brief import Brief, normalise
from tinycopy.checks import run_checks
from tinycopy.encoding import ENCODING
from tinycopy.student import token_limit

SHARD = "labels-{rank:05d}-of-{world:05d}.jsonl"


class LabelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a teacher labels briefs.

    briefs: new ones beside the deck's own.  candidates: sampled per brief.  keep: labels per brief.
    hindsight: keep copy that fits a brief of another length or without a keyword, for that brief.
    batch_size: briefs in one batch; each takes `candidates` rows of it.
    """

    briefs: Annotated[int, Meta(ge=0)] = 20_000
    deck_briefs: bool = True
    candidates: Annotated[int, Meta(ge=1)] = 6
    keep: Annotated[int, Meta(ge=1)] = 2
    temperature: Annotated[float, Meta(gt=0)] = 0.3
    top_k: Annotated[int, Meta(ge=1)] = 50
    hindsight: bool = True
    batch_size: Annotated[int, Meta(ge=1)] = 16
    compute_type: str = "int8"
    seed: int = 1


class Label(msgspec.Struct, frozen=True, omit_defaults=True):
    """Copy that a teacher wrote for a brief and that passed the checks.

    score: mean log-likelihood per token under the teacher, in nats.  fits: the brief whose checks
    it passed, if that is not the one that the teacher read.
    """

    copy: str
    score: float
    fits: Brief | None = None


class Labelled(msgspec.Struct, frozen=True):
    """One brief with what became of its candidates: the labels kept and the drops by reason."""

    brief: Brief
    labels: tuple[Label, ...]
    drops: dict[str, int]


def label(
    settings: LabelSettings,
    teacher: Path,
    train: Sequence[Row],
    out: Path,
    *,
    inputs: Mapping[str, str],
    resume: bool = False,
) -> Metadata:
    """Write shards of `Labelled` rows and metadata.json to `out`.

    Under torchrun each rank labels its share of the briefs into its own shard. Raises StageError
    if the teacher cannot be converted or an unfinished run lies in the way.
    """

    def work(directory: Path) -> Mapping[str, Any]:
        return _label(settings, teacher, train, directory)

    inputs = {
        **inputs,
        "teacher": file_digest(teacher / "model.safetensors"),
        "encoding": str(ENCODING),
    }
    return run_stage("label", out, inputs=inputs, settings=settings, work=work, resume=resume)


def read_labels(directory: Path) -> Iterator[Labelled]:
    """The rows of every shard in `directory`. Raises StageError at a malformed one."""
    shards = sorted(directory.glob("labels-*.jsonl*"))
    if not shards:
        raise StageError(f"{directory}: no labels here; run `tinycopy label` first")
    for shard in shards:
        opener = gzip.open if shard.suffix == ".gz" else open
        with opener(shard, "rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield msgspec.json.decode(line, type=Labelled)
                except msgspec.DecodeError as error:
                    raise StageError(f"{shard}:{number}: {error}") from error


def _label(
    settings: LabelSettings, teacher: Path, train: Sequence[Row], directory: Path
) -> Mapping[str, Any]:
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    briefs = new_briefs(train, settings.briefs, settings.seed)
    if settings.deck_briefs:
        briefs = list(dict.fromkeys([*(row.brief for row in train), *briefs]))
    # By length, so that a batch has little padding; by digest within it, so that shards are alike.
    briefs.sort(key=lambda b: (b.word_range, digest(msgspec.json.encode(b))))
    mine = briefs[rank::world]
    converted = _convert(teacher, directory / "ctranslate2", settings.compute_type)
    shard = directory / SHARD.format(rank=rank, world=world)
    done = _mend(shard)
    writer = _Teacher(settings, teacher, converted, TrainingCopy(row.copy for row in train), rank)
    step = settings.batch_size * writer.workers
    with shard.open("ab") as lines, tqdm(total=len(mine), initial=done, unit="brief") as bar:
        for start in range(done, len(mine), step):
            batch = mine[start : start + step]
            for labelled in writer.label(batch):
                lines.write(msgspec.json.encode(labelled) + b"\n")
            lines.flush()
            bar.update(len(batch))
    wait_for_everyone()
    if is_main_process():
        for file in sorted(converted.iterdir()):
            file.unlink()
        converted.rmdir()
    return _metrics(directory)


def _metrics(directory: Path) -> dict[str, Any]:
    drops, labels, briefs, empty = Counter[str](), 0, 0, 0
    for row in read_labels(directory):
        briefs += 1
        labels += len(row.labels)
        empty += not row.labels
        drops.update(row.drops)
    return {"briefs": briefs, "labels": labels, "briefs_without": empty, "drops": dict(drops)}


def _mend(shard: Path) -> int:
    """Cut a half-written last line off a shard; the number of whole ones that it keeps."""
    if not shard.exists():
        return 0
    content = shard.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        shard.write_bytes(whole)
    return whole.count(b"\n")


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


class _Teacher:
    """A converted teacher, causal or sequence-to-sequence, that labels batches of briefs."""

    def __init__(
        self,
        settings: LabelSettings,
        teacher: Path,
        converted: Path,
        known: TrainingCopy,
        rank: int,
    ) -> None:
        self._settings, self._known = settings, known
        self._tokenizer: Any = AutoTokenizer.from_pretrained(teacher)
        self._seq2seq = AutoConfig.from_pretrained(teacher).is_encoder_decoder
        ctranslate2.set_random_seed(settings.seed + rank)
        family: Any = ctranslate2.Translator if self._seq2seq else ctranslate2.Generator
        # On a CPU, a batch for each core is twice as fast as all cores for one batch.
        cores = int(os.environ.get("OMP_NUM_THREADS", "0")) or os.cpu_count() or 1
        self.workers = 1 if ctranslate2.get_cuda_device_count() else cores
        self._model = family(
            str(converted), device="auto", inter_threads=self.workers, intra_threads=1
        )

    def label(self, briefs: Sequence[Brief]) -> Iterator[Labelled]:
        """One Labelled for each brief, in order."""
        for brief, candidates in zip(briefs, self._candidates(briefs), strict=True):
            yield self._select(brief, candidates)

    def _candidates(self, briefs: Sequence[Brief]) -> list[list[tuple[str, float]]]:
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
            [
                (normalise(self._tokenizer.decode(ids, skip_special_tokens=True)), score)
                for ids, score in zip(ids_of_brief, result.scores, strict=True)
            ]
            for ids_of_brief, result in zip(written, results, strict=True)
        ]

    def _select(self, brief: Brief, candidates: Sequence[tuple[str, float]]) -> Labelled:
        drops, kept, seen = Counter[str](), list[Label](), set[str]()
        fit = fitted if self._settings.hindsight else lambda brief, _: brief
        found = [(copy, score, fit(brief, copy)) for copy, score in candidates]
        # What fits the brief itself comes before what fits another.
        for copy, score, fits in sorted(found, key=lambda c: (c[2] != brief, -c[1])):
            failed = [name for name, passed in run_checks(fits, copy).items() if not passed]
            if failed:
                drops.update(failed[:1])
            elif copy.lower() in seen:
                drops["repeated"] += 1
            elif self._known.longest_run(fits, copy) >= COPIED_RUN:
                drops["copied"] += 1
            elif len(kept) == self._settings.keep:
                drops["not_best"] += 1
            else:
                kept.append(Label(copy, round(score, 4), None if fits == brief else fits))
            seen.add(copy.lower())
        return Labelled(brief, tuple(kept), dict(drops))
