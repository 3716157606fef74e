"""What an evaluation on E2E leaves, e2e.json, and its reader. Read without torch."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from finetune.e2e.data import Edition
from finetune.e2e.scores import E2eScores
from finetune.e2e.slot_errors import SlotErrors
from finetune.generators.generate import Sampling
from finetune.stage import read_output

EVALUATION = "e2e.json"


class E2eSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is evaluated, and how."""

    generators: tuple[str, ...]
    edition: Edition
    split: str
    seed: int
    sampling: Sampling
    beam: Annotated[int, Meta(ge=1)]


class E2eEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What e2e.json holds; `entries` are by the generators' labels."""

    settings: E2eSettings
    cases: int
    human: SlotErrors
    entries: dict[str, E2eScores]

    @property
    def is_original_test(self) -> bool:
        """Whether published scores are of the same data."""
        return (self.settings.edition, self.settings.split) == (Edition.ORIGINAL, "test")


def read_e2e(directory: Path) -> E2eEvaluation:
    """A finished evaluation. Raises StageError if there is none or it cannot be read."""
    return read_output(directory / EVALUATION, E2eEvaluation, "run `tinycopy evaluate-e2e`")
