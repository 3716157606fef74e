"""Runs `tinycopy` under torchrun and keeps the weights that each rank holds.

Arguments: a directory for rank-N-trained.pt and rank-N-averaged.pt, then those of `tinycopy`.
"""

import os
import sys
from pathlib import Path
from typing import Any

import torch

from distill import student
from distill.averaging import average_checkpoints
from distill.cli import main


def keep_weights(directory: Path) -> None:
    """Save each rank's weights around the averaging, which is the end of training."""

    def average(trainer: Any, *how: Any) -> dict[str, float]:
        model = trainer.accelerator.unwrap_model(trainer.model)
        rank = directory / f"rank-{os.environ['RANK']}"
        torch.save(model.state_dict(), f"{rank}-trained.pt")
        scores = average_checkpoints(trainer, *how)
        torch.save(model.state_dict(), f"{rank}-averaged.pt")
        return scores

    student.average_checkpoints = average


if __name__ == "__main__":
    keep_weights(Path(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
