"""What a student reads before it trains: its vocabulary, and deck and labels as its token ids.

Both are made once: the vocabulary lies in the student's directory, the token ids in the cache. Not
here: what a pair is (pairs.py) and what a teacher expects (soft_targets.py).
"""

import functools
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import sentencepiece

from distill.marking import Pair, pair
from distill.pairs import Example, encode_pairs, labels_written
from distill.soft_targets import Soft, soft_targets
from distill.variations import common_words, varied
from distill.vocabulary import train_vocabulary
from finetune.cache import tokenised
from finetune.chosen import choose
from finetune.deck import Row
from finetune.grounding import most_grounded
from finetune.rewording import reworded
from finetune.stage import (
    StageError,
    digest,
    file_digest,
    is_main_process,
    say,
    wait_for_everyone,
)
from tinycopy.brief import Brief
from tinycopy.encoding import ENCODING, slots

if TYPE_CHECKING:
    from distill.student import StudentSettings

VOCABULARY = "spm.model"


def student_data(
    settings: "StudentSettings",
    train: Sequence[Row],
    labels: Path | None,
    teacher: Path | None,
    directory: Path,
) -> tuple[sentencepiece.SentencePieceProcessor, Any]:
    """The vocabulary in `directory`, and the pairs that a student learns from as its token ids.

    teacher: whose expectations `teacher_logits` asks for, if it does. Raises StageError if the
    vocabulary cannot be trained or there is no pair.
    """

    @functools.cache
    def written() -> list[tuple[Brief, str]]:
        """Read only for what is not there yet: the vocabulary, or token ids in the cache."""
        common = common_words(row.copy for row in train)
        rows = [
            (varied(row.brief, row.copy, time, common), row.copy)
            for time in range(settings.deck_repeats)
            for row in train
        ]
        rows += [] if labels is None else labels_written(labels, settings.label_share)
        if settings.reworded:
            rows = [(reworded(brief, copy), copy) for brief, copy in rows]
        return rows

    @functools.cache
    def pairs() -> list[Pair]:
        return [pair(brief, copy) for brief, copy in written()]

    vocabulary = _vocabulary(settings, pairs, directory / VOCABULARY)
    asked = teacher if settings.teacher_logits != "none" else None

    def examples() -> list[Example]:
        soft: list[Soft | None] | None = None
        if asked is not None:
            say(f"student: what {asked} expects at each token")
            of_deck = len(train) * settings.deck_repeats
            count = len(written()) if settings.teacher_logits == "all" else of_deck
            soft = [*soft_targets(asked, written()[:count], vocabulary)]
            soft += [None] * (len(written()) - count)
        return encode_pairs(pairs(), vocabulary, settings.max_tokens, soft)

    depends_on: dict[str, str | int] = {
        "rows": digest(msgspec.json.encode(train)),
        "deck_repeats": settings.deck_repeats,
        "label_share": str(settings.label_share),
        "reworded": settings.reworded,
        "vocabulary": digest(vocabulary.serialized_model_proto()),
        "max_tokens": settings.max_tokens,
        "encoding": ENCODING,
        **({} if labels is None else label_digests(labels)),
    }
    if asked is not None:
        weights = file_digest(asked / "model.safetensors")
        depends_on |= {"teacher_logits": settings.teacher_logits, "teacher": weights}
    return vocabulary, tokenised(examples, depends_on)


def unseen_examples(
    settings: "StudentSettings",
    valid: Sequence[Row],
    vocabulary: sentencepiece.SentencePieceProcessor,
) -> list[Example]:
    """The validation rows that a student's loss is measured on, as it is served their briefs."""
    rows = choose(most_grounded(valid, settings.deck_share), settings.eval_rows)
    briefs = [reworded(r.brief, r.copy) if settings.reworded else r.brief for r in rows]
    marked = [slots(brief) for brief in briefs]
    pairs = [(one.source, one.extract(row.copy)) for one, row in zip(marked, rows, strict=True)]
    return encode_pairs(pairs, vocabulary, settings.max_tokens)


def label_digests(labels: Path) -> dict[str, str]:
    """The digest of each shard in a directory of labels, by its name."""
    return {f.name: file_digest(f) for f in sorted(labels.glob("labels-*.jsonl*"))}


def _vocabulary(
    settings: "StudentSettings", pairs: Callable[[], Sequence[Pair]], path: Path
) -> sentencepiece.SentencePieceProcessor:
    """The vocabulary at `path`; rank 0 takes or trains it first if this run has not yet."""
    if is_main_process() and not path.exists():
        if settings.logits_from is not None:
            shutil.copyfile(Path(settings.logits_from) / VOCABULARY, path)
        else:
            path.write_bytes(_trained(settings, pairs()))
    wait_for_everyone()
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def _trained(settings: "StudentSettings", pairs: Sequence[Pair]) -> bytes:
    try:
        return train_vocabulary((text for pair in pairs for text in pair), settings.vocabulary)
    except ValueError as error:
        raise StageError(f"student.vocabulary: {error}") from error
