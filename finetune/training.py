"""What the trainings of a teacher and of a student have in common."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME


def training_arguments(
    checkpoints: Path, eval_steps: int, seed: int, **own: Any
) -> TrainingArguments:
    """Arguments of a training that evaluates and saves each `eval_steps`; `own` are its others."""
    return TrainingArguments(
        output_dir=str(checkpoints),
        eval_strategy="steps",
        eval_steps=eval_steps,
        save_steps=eval_steps,
        report_to=[],
        remove_unused_columns=False,
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        seed=seed,
        data_seed=seed,
        **own,
    )


def checkpoint_to_resume(checkpoints: Path, resume: bool) -> str | None:
    """The last whole checkpoint of an interrupted training, if it is to go on and left one."""
    whole = filter(_is_whole, checkpoints.glob("checkpoint-*")) if resume else ()
    last = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return None if last is None else str(last)


def _is_whole(checkpoint: Path) -> bool:
    """Whether its last file is there: a full disk, or a kill, leaves half of one."""
    try:
        json.loads((checkpoint / TRAINER_STATE_NAME).read_text())
    except (OSError, ValueError):
        return False
    return True


class ScoreLastStep(TrainerCallback):
    """Evaluates at the last step too, so that the best checkpoint can be the last one."""

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,
    ) -> TrainerControl:
        """Asks for an evaluation once the last step is done."""
        if state.global_step >= state.max_steps:
            control.should_evaluate = True
        return control
