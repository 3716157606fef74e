"""The mean of the last good checkpoints, which is often better than any of them alone."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from distill.student_trainer import StudentTrainer


def average_checkpoints(trainer: StudentTrainer, checkpoints: Path, most: int) -> dict[str, float]:
    """Leave the better of two in the trainer's model: the best checkpoint, or a mean with it.

    The mean is over the best checkpoint and up to `most` - 1 saved just before it (Vaswani et al.,
    2017, section 6.1). Returns the scores on the validation rows of both and of the one kept.
    """
    best = Path(trainer.state.best_model_checkpoint or _by_step(checkpoints)[-1])
    before = [c for c in _by_step(checkpoints) if _step(c) <= _step(best)]
    single, mean = _mean([best]), _mean(before[-most:])
    rows: Any = trainer.eval_dataset
    losses, found = {}, {}
    for name, weights in (("single", single), ("mean", mean)):
        trainer.accelerator.unwrap_model(trainer.model).load_state_dict(weights, strict=False)
        losses[name], found[name] = trainer.unseen_loss(), trainer.quality(rows)
    kept = min(losses, key=lambda name: losses[name])
    weights = single if kept == "single" else mean
    trainer.accelerator.unwrap_model(trainer.model).load_state_dict(weights, strict=False)
    return {
        "valid_loss": losses[kept],
        "valid_chrf": found[kept].chrf,
        "valid_checks": found[kept].checks,
        "averaged": len(before[-most:]) if kept == "mean" else 1,
        "valid_loss_single": losses["single"],
        "valid_loss_mean": losses["mean"],
    }


def _by_step(checkpoints: Path) -> list[Path]:
    return sorted(checkpoints.glob(f"{PREFIX_CHECKPOINT_DIR}-*"), key=_step)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _mean(checkpoints: list[Path]) -> dict[str, torch.Tensor]:
    total = load_file(checkpoints[0] / "model.safetensors")
    for checkpoint in checkpoints[1:]:
        for name, weights in load_file(checkpoint / "model.safetensors").items():
            total[name] = total[name] + weights
    return {name: weights / len(checkpoints) for name, weights in total.items()}
