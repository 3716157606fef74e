"""A student learns from deck and labels, the same however often it is interrupted."""

import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from distill import student_data as room
from distill.averaging import LEEWAY, _best
from distill.cli import main
from distill.label import Label, Labelled
from distill.marking import Pair, pair
from distill.pairs import Example, encode_pairs
from distill.student import StudentSettings, load_student, train_student
from finetune.deck import Row, read_shipped
from finetune.generators.student import TorchStudent
from finetune.stage import read_metadata
from tests.tiny_models import (
    assert_a_kill_changes_nothing,
    run_with_torchrun,
    write_deck,
    write_recipe,
)

ROWS = read_shipped("train")[:60]
PAIRS = [pair(row.brief, row.copy) for row in ROWS]
SETTINGS = StudentSettings(
    vocabulary=800,
    width=32,
    feed_forward=64,
    heads=2,
    encoder_layers=2,
    decoder_layers=1,
    warmup=2,
    steps=8,
    batch_tokens=1500,
    eval_steps=4,
    eval_rows=4,
    average=2,
    patience=9,
)


def changed(**changes: object) -> StudentSettings:
    return msgspec.structs.replace(SETTINGS, **changes)


def test_a_student_learns_its_deck(tmp_path: Path) -> None:
    longer = changed(steps=200, eval_steps=200, label_smoothing=0.0)
    metadata = train_student(longer, ROWS, ROWS[:4], None, tmp_path / "student", inputs={})
    losses = [entry["loss"] for entry in metadata.metrics["history"] if "loss" in entry]
    assert losses[-1] < 0.9 * losses[0]
    model, vocabulary = load_student(tmp_path / "student")
    assert model.config.vocab_size == vocabulary.vocab_size()
    assert metadata.metrics["pairs"] == len(ROWS)
    assert not (tmp_path / "student" / "checkpoints").exists()


def test_pairs_are_encoded_once_for_all_runs_that_read_them_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(pairs: list[Pair], *how: Any) -> list[Example]:
        if len(pairs) > 1:  # the one validation row is encoded by every run
            made.append(len(pairs))
        return encode_pairs(pairs, *how)

    monkeypatch.setattr(room, "encode_pairs", counted)
    labels = tmp_path / "labels"
    labels.mkdir()

    def write_labels(count: int) -> None:
        rows = [Labelled(row.brief, (Label(row.copy, -1.0),), {}) for row in ROWS[:count]]
        lines = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
        (labels / "labels-00000-of-00001.jsonl").write_bytes(lines)

    def run(out: str, rows: list[Row], **changes: object) -> list[int]:
        made.clear()
        few = changed(steps=1, eval_steps=1, eval_rows=1, max_tokens=251, **changes)
        train_student(few, rows, ROWS[:1], labels, tmp_path / out, inputs={})
        return made[:]

    write_labels(5)
    assert run("first", ROWS[:30]) == [35]
    assert run("other-seed", ROWS[:30], seed=5) == []
    assert run("other-deck", ROWS[:31]) == [36]
    assert run("other-repeats", ROWS[:30], deck_repeats=2) == [65]
    assert run("other-vocabulary", ROWS[:30], vocabulary=760) == [35]
    write_labels(6)
    assert run("other-labels", ROWS[:30]) == [36]


def recipe_in(directory: Path) -> Path:
    """A recipe with SETTINGS over a deck of 40 rows."""
    deck = write_deck(directory / "deck.jsonl", 40)
    return write_recipe(
        directory / "recipe.toml",
        deck={"path": str(deck), "word_ranges": False},
        student={k: v for k, v in msgspec.to_builtins(SETTINGS).items() if v is not None},
    )


def assert_equal(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, weights in expected.items():
        assert torch.equal(found[name], weights), name


def test_under_torchrun_ranks_train_one_student(tmp_path: Path) -> None:
    recipe, out = recipe_in(tmp_path), tmp_path / "student"
    words = ["-m", "tests.distill.ranks", str(tmp_path), "student", "--recipe", str(recipe)]
    run_with_torchrun([*words, "--out", str(out)])
    for moment in ("trained", "averaged"):
        first, second = (torch.load(tmp_path / f"rank-{rank}-{moment}.pt") for rank in (0, 1))
        assert_equal(first, second)
    model, vocabulary = load_student(out)
    assert_equal(model.state_dict(), first)
    assert model.config.vocab_size == vocabulary.vocab_size()
    assert read_metadata(out).metrics["steps"] == SETTINGS.steps
    # Two processes take two batches a step, so this is not what one process trains.
    assert main(["student", "--recipe", str(recipe), "--out", str(tmp_path / "alone")]) == 0
    with pytest.raises(AssertionError):
        assert_equal(load_student(tmp_path / "alone")[0].state_dict(), first)


def test_averaging_is_no_news_to_callbacks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Early stopping looks for its metric in every evaluation that it hears of."""
    logger = logging.getLogger("transformers")
    logger.addHandler(caplog.handler)
    try:
        metadata = train_student(changed(), ROWS, ROWS[:4], None, tmp_path / "s", inputs={})
    finally:
        logger.removeHandler(caplog.handler)
    assert "early stopping" not in caplog.text
    evaluated = [entry["step"] for entry in metadata.metrics["history"] if "eval_loss" in entry]
    assert evaluated == [4, 8]


def test_the_state_with_the_least_loss_on_unseen_copy_is_kept(tmp_path: Path) -> None:
    settings = changed(eval_steps=2)
    metrics = train_student(settings, ROWS, ROWS[:4], None, tmp_path / "s", inputs={}).metrics
    losses = [entry["eval_loss"] for entry in metrics["history"] if "eval_loss" in entry]
    assert metrics["valid_loss_single"] == pytest.approx(min(losses), rel=1e-3)
    found = [metrics[f"valid_loss_{name}"] for name in ("single", "mean", "last")]
    assert metrics["valid_loss"] in [loss for loss in found if loss <= LEEWAY * min(found)]
    found = TorchStudent(tmp_path / "s", batch=2).log_likelihoods(
        [row.brief for row in ROWS[:4]], [row.copy for row in ROWS[:4]]
    )
    nats = -sum(one.sum_logprob for one in found) / sum(one.tokens for one in found)
    assert metrics["valid_loss"] == pytest.approx(nats, rel=1e-3)


def test_of_states_as_good_by_their_loss_the_one_whose_copy_passes_most_checks_is_kept() -> None:
    checks = {"single": 0.57, "mean": 0.6, "last": 0.64}
    assert _best({"single": 2.816, "mean": 2.844, "last": 2.817}, checks) == "last"
    assert _best({"single": 2.816, "mean": 2.820, "last": 2.835}, checks) == "mean"
    assert _best({"single": 2.816, "mean": 2.817, "last": 2.818}, dict.fromkeys(checks, 0.5)) == (
        "single"
    )


@pytest.mark.parametrize(("schedule", "share"), [("inverse_sqrt", 0.5**0.5), ("cosine", 0.0)])
def test_the_learning_rate_falls_as_its_schedule_says(
    tmp_path: Path, schedule: str, share: float
) -> None:
    settings = changed(schedule=schedule, steps=100, eval_steps=100)
    metrics = train_student(settings, ROWS, ROWS[:2], None, tmp_path / "s", inputs={}).metrics
    half, end = (entry["learning_rate"] for entry in metrics["history"] if "loss" in entry)
    assert end / half == pytest.approx(share, abs=0.02)


def test_part_kill_resume_rest_equals_training_at_once(tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path)
    assert_a_kill_changes_nothing("student", recipe, tmp_path)
