"""Which state of a student is kept: a checkpoint, or the mean of some."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from distill.student_trainer import StudentTrainer

LEEWAY = 1.005
"""States whose loss is less than this times the least are as good by their loss."""


def average_checkpoints(trainer: StudentTrainer, checkpoints: Path, most: int) -> dict[str, float]:
    """Leave the best of three in the trainer's model: the best checkpoint, a mean, or the last.

    The mean is over the best checkpoint and up to `most` - 1 saved just before it (Vaswani et al.,
    2017, section 6.1). Of the states that are as good by their loss on unseen copy, the one whose
    own copy passes most checks is kept. Returns the scores on the validation rows.
    """
    saved = _by_step(checkpoints)
    best = Path(trainer.state.best_model_checkpoint or saved[-1])
    before = [c for c in saved if _step(c) <= _step(best)]
    states = {"single": [best], "mean": before[-most:], "last": saved[-1:]}
    rows: Any = trainer.eval_dataset
    losses, found = {}, {}
    for name, state in states.items():
        _load(trainer, state)
        losses[name], found[name] = trainer.unseen_loss(), trainer.quality(rows)
    kept = _best(losses, {name: quality.checks for name, quality in found.items()})
    _load(trainer, states[kept])
    return {
        "valid_loss": losses[kept],
        "valid_chrf": found[kept].chrf,
        "valid_checks": found[kept].checks,
        "averaged": len(states[kept]),
        **{f"valid_loss_{name}": loss for name, loss in losses.items()},
    }


def _best(losses: Mapping[str, float], checks: Mapping[str, float]) -> str:
    as_good = [name for name, loss in losses.items() if loss <= LEEWAY * min(losses.values())]
    return max(as_good, key=lambda name: (checks[name], -losses[name]))


def _load(trainer: StudentTrainer, state: list[Path]) -> None:
    weights = _mean(state)
    trainer.accelerator.unwrap_model(trainer.model).load_state_dict(weights, strict=False)


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
