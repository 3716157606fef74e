"""Let a teacher write copy for many briefs, and keep what passes the checks: the labels.

Each brief gets several candidates; those that fail a check, repeat each other, copy training text,
stray from the brief or put a feature where none of its kind can stand are dropped, counted by
reason, and the best of the rest are kept. Copy that fits a
brief of another length or without a keyword is kept for that brief (hindsight.py).
"""

import gzip
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from tqdm import tqdm

from distill.briefs import new_briefs
from distill.hindsight import fitted
from distill.labellers import Candidates, open_labeller, weights
from finetune.deck import Row
from finetune.evaluation.overlap import COPIED_RUN, TrainingCopy
from finetune.general_words import general_words
from finetune.stage import (
    Metadata,
    StageError,
    digest,
    file_digest,
    is_main_process,
    run_stage,
    wait_for_everyone,
)
from tinycopy.brief import Brief
from tinycopy.checks import run_checks
from tinycopy.encoding import ENCODING, slots
from tinycopy.grammar import faults
from tinycopy.topic import strays

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


@dataclass(frozen=True)
class _Known:
    """What a deck says of labels: the copy that they must not repeat, the words for any brief."""

    copy: TrainingCopy
    general: frozenset[str]


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
        "teacher": file_digest(weights(teacher)),
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
    converted = directory / "ctranslate2"
    shard = directory / SHARD.format(rank=rank, world=world)
    done = _mend(shard)
    labeller = open_labeller(settings, teacher, converted, rank)
    known = _Known(TrainingCopy(row.copy for row in train), frozenset(general_words(train)))
    step = settings.batch_size * labeller.workers
    with shard.open("ab") as lines, tqdm(total=len(mine), initial=done, unit="brief") as bar:
        for start in range(done, len(mine), step):
            batch = mine[start : start + step]
            for brief, candidates in zip(batch, labeller.candidates(batch), strict=True):
                labelled = _select(settings, known, brief, candidates)
                lines.write(msgspec.json.encode(labelled) + b"\n")
            lines.flush()
            bar.update(len(batch))
    wait_for_everyone()
    if is_main_process():
        shutil.rmtree(converted, ignore_errors=True)
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


def _select(
    settings: LabelSettings, known: _Known, brief: Brief, candidates: Candidates
) -> Labelled:
    drops, kept, seen = Counter[str](), list[Label](), set[str]()
    if candidates.passed_over:
        drops["not_best"] = candidates.passed_over
    fit = fitted if settings.hindsight else lambda brief, _: brief
    found = [(copy, score, fit(brief, copy)) for copy, score in candidates.copies]
    # What fits the brief itself comes before what fits another.
    for copy, score, fits in sorted(found, key=lambda c: c[2] != brief):
        failed = [name for name, passed in run_checks(fits, copy).items() if not passed]
        if failed:
            drops.update(failed[:1])
        elif copy.lower() in seen:
            drops["repeated"] += 1
        elif known.copy.longest_run(fits, copy) >= COPIED_RUN:
            drops["copied"] += 1
        elif faults((marked := slots(fits)).extract(copy), marked.spans):
            drops["ungrammatical"] += 1
        elif strays(fits.facts, copy, known.general):
            drops["strays"] += 1
        elif len(kept) == settings.keep:
            drops["not_best"] += 1
        else:
            kept.append(Label(copy, round(score, 4), None if fits == brief else fits))
        seen.add(copy.lower())
    return Labelled(brief, tuple(kept), dict(drops))
