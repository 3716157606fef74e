"""Each setting of a teacher's training does what its name says, and changes nothing else."""

from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from distill.cli import main
from finetune.stage import Metadata
from finetune.teacher import finetune
from tests.finetune.teachers import ROWS, SETTINGS
from tests.tiny_models import (
    assert_a_kill_changes_nothing,
    write_deck,
    write_recipe,
)


def trained(causal: Path, out: Path, **changes: object) -> tuple[Metadata, dict[str, torch.Tensor]]:
    settings = msgspec.structs.replace(SETTINGS, base=str(causal), **changes)
    return finetune(settings, ROWS, ROWS[:8], out, inputs={}), load_file(out / "model.safetensors")


def apart(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """The greatest difference between the weights of two models."""
    return max(float((weights - other[name]).abs().max()) for name, weights in one.items())


@pytest.fixture(scope="module")
def plain(causal: Path) -> tuple[Metadata, dict[str, torch.Tensor]]:
    return trained(causal, causal.parent / "plain")


@pytest.mark.parametrize(
    "changes",
    [{"batch_size": 2, "accumulation": 2}, {"gradient_checkpointing": True}],
    ids=["accumulation", "checkpointing"],
)
def test_what_saves_memory_leaves_the_weights_as_they_would_be(
    causal: Path,
    plain: tuple[Metadata, dict[str, torch.Tensor]],
    tmp_path: Path,
    changes: dict[str, object],
) -> None:
    """Copies differ in length, so a mean of the halves' means would be another loss."""
    metadata, weights = trained(causal, tmp_path / "teacher", **changes)
    assert metadata.metrics["steps"] == plain[0].metrics["steps"]
    assert apart(weights, load_file(causal / "model.safetensors")) > 0.01
    assert apart(weights, plain[1]) < 1e-4


def test_bf16_computes_otherwise_and_learns_as_much(
    causal: Path, plain: tuple[Metadata, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    metadata, weights = trained(causal, tmp_path / "teacher", bf16=True)
    assert apart(weights, plain[1]) > 1e-5
    losses = [one.metrics["valid_loss_per_token"] for one in (metadata, plain[0])]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert all(tensor.dtype == torch.float32 for tensor in weights.values())


def test_training_stops_once_the_validation_loss_no_longer_falls_and_the_best_state_is_kept(
    causal: Path, tmp_path: Path
) -> None:
    metadata, _ = trained(
        causal, tmp_path / "teacher", learning_rate=1.0, max_steps=40, eval_steps=1, patience=3
    )
    losses = [one["eval_loss"] for one in metadata.metrics["history"] if "eval_loss" in one]
    assert metadata.metrics["steps"] == losses.index(min(losses)) + 1 + 3 < 40
    assert metadata.metrics["valid_loss_per_token"] == min(losses)


def test_tensorboard_gets_the_losses_where_it_is_asked_for(causal: Path, tmp_path: Path) -> None:
    deck = write_deck(tmp_path / "deck.jsonl", 40)
    settings = msgspec.structs.replace(SETTINGS, base=str(causal), max_steps=10)
    recipe = write_recipe(
        tmp_path / "recipe.toml",
        deck={"path": str(deck), "word_ranges": False},
        teacher=msgspec.to_builtins(settings),
    )
    for out, asked in (("quiet", []), ("logged", ["--tensorboard"])):
        words = ["finetune", "--recipe", str(recipe), "--out", str(tmp_path / out), *asked]
        assert main(words) == 0
    assert not (tmp_path / "quiet" / "tensorboard").exists()
    events = EventAccumulator(str(tmp_path / "logged" / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [10]
    assert [event.step for event in events.Scalars("eval/loss")][:3] == [4, 8, 10]


def test_adapters_too_come_back_after_a_kill(causal: Path, tmp_path: Path) -> None:
    deck = write_deck(tmp_path / "deck.jsonl", 40)
    settings = msgspec.structs.replace(SETTINGS, base=str(causal), method="lora")
    recipe = write_recipe(
        tmp_path / "recipe.toml",
        deck={"path": str(deck), "word_ranges": False},
        teacher=msgspec.to_builtins(settings),
    )
    assert_a_kill_changes_nothing("finetune", recipe, tmp_path)
