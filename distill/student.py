"""Train a student: a small model that learns from a deck and a teacher's labels.

Sequence-level distillation (Kim and Rush, 2016): the student learns the copy that its teacher
wrote. It can also learn what the teacher, or a larger student whose vocabulary it takes, expects
next at each token (soft_targets.py, student_trainer.py). It is a new encoder-decoder, or layers of
the teacher or of an earlier student (pruned.py). Not here: conversion and its checks (convert.py).
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import sentencepiece
from msgspec import Meta
from transformers import (
    EarlyStoppingCallback,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
    TrainingArguments,
    set_seed,
)

from distill.averaging import average_checkpoints
from distill.pruned import prune
from distill.student_data import VOCABULARY, label_digests, student_data, unseen_examples
from distill.student_trainer import StudentTrainer
from distill.vocabulary import END, PAD
from finetune.chosen import choose
from finetune.deck import Row
from finetune.general_words import FILE as GENERAL_WORDS
from finetune.general_words import general_words
from finetune.grounding import most_grounded
from finetune.pretrained import load_weights
from finetune.shortlist import FILE as SHORTLIST
from finetune.shortlist import most_used
from finetune.stage import (
    Metadata,
    StageError,
    file_digest,
    is_main_process,
    read_metadata,
    run_stage,
    say,
    wait_for_everyone,
)
from finetune.training import ScoreLastStep, checkpoint_to_resume, training_arguments
from tinycopy.encoding import ENCODING


class StudentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The size of a student and how it is trained.

    shortlist: pieces from which its release samples, the most frequent of the copy that it learns
    from; 0 for all.
    keep_layers: layers of the teacher to make the student of, from 0 or, as -1, from the last; in
    place of a new encoder-decoder, whose width, heads, layers and dropout then mean nothing. Of a
    student that is an encoder-decoder, layers of its decoder; its encoder grows to encoder_layers.
    batch_tokens: padded tokens of source and target in a batch.  deck_share, label_share: what to
    learn from, of each type: the share of the deck's copy that is most grounded
    (finetune/grounding.py), of the labels the likeliest.  deck_repeats: times that the deck is
    seen for each time that the labels are, each time but the first varied (variations.py).
    reworded: give each brief the wording of its copy (finetune/rewording.py).  average: checkpoints
    averaged at the end, each `eval_steps` apart.  teacher_logits: pairs of which the student learns
    what the teacher expects at each token; logits_from: directory of a student, of either kind,
    whose vocabulary is taken and of which the same is learnt; both with weight `logits_weight`.
    """

    vocabulary: Annotated[int, Meta(ge=520)] = 6000
    shortlist: Annotated[int, Meta(ge=0)] = 2000
    keep_layers: tuple[int, ...] = ()
    width: Annotated[int, Meta(ge=8)] = 256
    feed_forward: Annotated[int, Meta(ge=8)] = 1024
    heads: Annotated[int, Meta(ge=1)] = 4
    encoder_layers: Annotated[int, Meta(ge=1)] = 6
    decoder_layers: Annotated[int, Meta(ge=1)] = 2
    dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.1
    label_smoothing: Annotated[float, Meta(ge=0, lt=1)] = 0.1
    learning_rate: Annotated[float, Meta(gt=0)] = 2e-2
    schedule: Literal["inverse_sqrt", "cosine"] = "cosine"
    warmup: Annotated[float, Meta(ge=0)] = 400
    steps: Annotated[int, Meta(ge=1)] = 6000
    batch_tokens: Annotated[int, Meta(ge=64)] = 4096
    max_tokens: Annotated[int, Meta(ge=16)] = 320
    deck_repeats: Annotated[int, Meta(ge=0)] = 1
    deck_share: Annotated[float, Meta(gt=0, le=1)] = 1.0
    label_share: Annotated[float, Meta(gt=0, le=1)] = 1.0
    reworded: bool = False
    eval_steps: Annotated[int, Meta(ge=1)] = 500
    eval_rows: Annotated[int, Meta(ge=1)] = 200
    patience: Annotated[int, Meta(ge=1)] = 5
    average: Annotated[int, Meta(ge=1)] = 3
    bf16: bool = False
    teacher_logits: Literal["none", "deck", "all"] = "none"
    logits_from: str | None = None
    logits_weight: Annotated[float, Meta(ge=0, le=1)] = 0.5
    seed: int = 1


def train_student(
    settings: StudentSettings,
    train: Sequence[Row],
    valid: Sequence[Row],
    labels: Path | None,
    out: Path,
    *,
    teacher: Path | None = None,
    inputs: Mapping[str, str],
    resume: bool = False,
) -> Metadata:
    """Write a trained student (model.safetensors, config.json, spm.model, general_words.txt,
    shortlist.txt) to `out`.

    labels: directory of a label stage; None trains on the deck alone.  teacher: directory of the
    teacher, or of an earlier student, whose layers `keep_layers` names; of a teacher, whose
    expectations `teacher_logits` asks for. Raises StageError if it is missing or has no such
    layers, if the vocabulary cannot be trained, or if `logits_from` has no student of today's
    encoding.
    """

    def work(directory: Path) -> Mapping[str, Any]:
        return _train(settings, train, valid, labels, teacher, directory, resume)

    inputs = {**inputs, "encoding": str(ENCODING)}
    if labels is not None:
        inputs |= label_digests(labels)
    if settings.keep_layers or settings.teacher_logits != "none":
        if teacher is None:
            asks = "keep_layers" if settings.keep_layers else "teacher_logits"
            raise StageError(f"student.{asks}: of which teacher? Name it: --teacher DIR")
        inputs |= _digests("teacher", teacher)
    else:
        teacher = None
    if settings.logits_from is not None:
        inputs |= _digests("logits_from", Path(settings.logits_from))
    return run_stage("student", out, inputs=inputs, settings=settings, work=work, resume=resume)


def load_student(
    directory: Path,
) -> tuple[PreTrainedModel, sentencepiece.SentencePieceProcessor]:
    """The PyTorch student in `directory` and its vocabulary.

    Raises StageError if there is none, or one of another encoding.
    """
    if not (directory / VOCABULARY).exists():
        raise StageError(f"{directory}: no {VOCABULARY} here; run `tinycopy student` first")
    encoding = read_metadata(directory).inputs["encoding"]
    if encoding != str(ENCODING):
        raise StageError(
            f"{directory}: trained with encoding {encoding}; this version reads students of "
            f"encoding {ENCODING}"
        )
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(directory / VOCABULARY))
    return load_weights(directory).eval(), vocabulary


def _digests(name: str, directory: Path) -> dict[str, str]:
    files = (directory / file for file in ("model.safetensors", VOCABULARY))
    return {f"{name}/{file.name}": file_digest(file) for file in files if file.exists()}


def _train(
    settings: StudentSettings,
    train: Sequence[Row],
    valid: Sequence[Row],
    labels: Path | None,
    teacher: Path | None,
    directory: Path,
    resume: bool,
) -> Mapping[str, Any]:
    set_seed(settings.seed)
    train = most_grounded(train, settings.deck_share)
    guide = None
    if settings.logits_from is not None:
        guide, _ = load_student(Path(settings.logits_from))
    vocabulary, examples = student_data(settings, train, labels, teacher, directory)
    model = _model(settings, teacher, vocabulary)
    checkpoints = directory / "checkpoints"
    trainer = StudentTrainer(
        model=model,
        args=_arguments(settings, checkpoints),
        examples=examples,
        unseen=unseen_examples(settings, valid, vocabulary),
        rows=choose(valid, settings.eval_rows),
        vocabulary=vocabulary,
        batch_tokens=settings.batch_tokens,
        guide=guide,
        guide_weight=settings.logits_weight,
        callbacks=[ScoreLastStep(), EarlyStoppingCallback(settings.patience)],
    )
    last = checkpoint_to_resume(checkpoints, resume)
    size = sum(p.numel() for p in model.parameters())
    say(f"student: {size:,} parameters, {len(examples):,} pairs, from {last or 'scratch'}")
    result = trainer.train(resume_from_checkpoint=last)
    scores = average_checkpoints(trainer, checkpoints, settings.average)
    wait_for_everyone()  # no rank reads the checkpoints any more
    if is_main_process():
        words = "\n".join(general_words(train))
        (directory / GENERAL_WORDS).write_text(f"{words}\n", encoding="utf-8")
        _write_shortlist(settings, vocabulary, examples, directory / SHORTLIST)
        model.save_pretrained(directory)
        shutil.rmtree(checkpoints)
    return {
        "parameters": size,
        "pairs": len(examples),
        "pairs_from_deck": len(train) * settings.deck_repeats,
        "steps": trainer.state.global_step,
        "train_loss": result.training_loss,
        **scores,
        "history": trainer.state.log_history,
    }


def _write_shortlist(
    settings: StudentSettings,
    vocabulary: sentencepiece.SentencePieceProcessor,
    examples: Any,
    path: Path,
) -> None:
    pieces = [vocabulary.id_to_piece(i) for i in range(vocabulary.vocab_size())]
    used = most_used(examples["labels"], pieces, settings.shortlist)
    path.write_text("".join(f"{piece}\n" for piece in used), encoding="utf-8")


def _model(
    settings: StudentSettings,
    teacher: Path | None,
    vocabulary: sentencepiece.SentencePieceProcessor,
) -> PreTrainedModel:
    if teacher is not None and settings.keep_layers:
        return prune(teacher, settings.keep_layers, vocabulary, settings.encoder_layers)
    return T5ForConditionalGeneration(_config(settings, vocabulary.vocab_size()))


def _config(settings: StudentSettings, vocabulary_size: int) -> T5Config:
    # Stubs know the fields of T5 alone, not those of every configuration.
    return T5Config(  # type: ignore[call-arg]
        vocab_size=vocabulary_size,
        d_model=settings.width,
        d_kv=settings.width // settings.heads,
        d_ff=settings.feed_forward,
        num_layers=settings.encoder_layers,
        num_decoder_layers=settings.decoder_layers,
        num_heads=settings.heads,
        dropout_rate=settings.dropout,
        feed_forward_proj="relu",
        tie_word_embeddings=True,
        pad_token_id=PAD,
        eos_token_id=END,
        decoder_start_token_id=PAD,
    )


def _arguments(settings: StudentSettings, checkpoints: Path) -> TrainingArguments:
    return training_arguments(
        checkpoints,
        settings.eval_steps,
        settings.seed,
        max_steps=settings.steps,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=settings.warmup,
        label_smoothing_factor=settings.label_smoothing,
        bf16=settings.bf16,
        # The best one, those averaged with it and those that patience waited for.
        save_total_limit=settings.average + settings.patience,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        logging_steps=50,
    )
