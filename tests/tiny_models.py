"""Tiny base models, decks and recipes made on the spot, so that training is tested for real."""

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
    set_seed,
)

from finetune.deck import SHIPPED, Row, read_shipped
from finetune.stage import read_metadata
from finetune.teacher import prompt

WIDTH = 32
_TEACHER = {"max_steps": 4, "eval_steps": 2, "batch_size": 8, "bf16": False}
_LABELS = {"briefs": 10, "candidates": 2, "compute_type": "float32"}
_STUDENT = {
    "vocabulary": 700,
    "width": 32,
    "feed_forward": 64,
    "heads": 2,
    "encoder_layers": 2,
    "decoder_layers": 1,
    "warmup": 5,
    "steps": 80,
    "batch_tokens": 2000,
    "eval_steps": 80,
    "eval_rows": 4,
}


def deck_rows(count: int, split: str = "train") -> list[Row]:
    """The first rows of the shipped deck whose copy is short: slogans, headlines, subjects."""
    rows = [row for row in read_shipped(split) if len(row.copy.split()) <= 9]
    return rows[:count]


def write_deck(path: Path, count: int) -> Path:
    """The first `count` rows of the shipped training split, as one JSON Lines file."""
    with gzip.open(SHIPPED / "train.jsonl.gz", "rb") as lines:
        path.write_bytes(b"".join(line for line, _ in zip(lines, range(count), strict=False)))
    return path


def make_causal(directory: Path, rows: Sequence[Row]) -> Path:
    """A Llama of some thousand weights, with a byte-level tokenizer, saved as a user would."""
    tokenizer = _tokenizer(rows)
    set_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return _save(LlamaForCausalLM(config), tokenizer, directory)


def make_seq2seq(directory: Path, rows: Sequence[Row]) -> Path:
    """A T5 of some thousand weights, with the same tokenizer."""
    tokenizer = _tokenizer(rows)
    set_seed(7)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=WIDTH,
        d_kv=WIDTH // 2,
        d_ff=2 * WIDTH,
        num_layers=2,
        num_heads=2,
        # Small first embeddings, which AdamW can move in a few steps.
        initializer_factor=0.05,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    return _save(T5ForConditionalGeneration(config), tokenizer, directory)


def write_recipe(path: Path, **tables: dict[str, Any]) -> Path:
    """A recipe file with the given tables."""
    path.write_bytes(msgspec.toml.encode(tables))
    return path


def run_with_torchrun(words: Sequence[str]) -> None:
    """Run Python with `words` on two processes, as a user with two devices would."""
    torchrun = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([*torchrun, *words], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def assert_a_kill_changes_nothing(command: str, recipe: Path, directory: Path) -> None:
    """Train at once, and killed -9 after checkpoint 4 then resumed: the weights are equal.

    command: of `tinycopy`. recipe: eight steps, a checkpoint after four.
    """
    words = [sys.executable, "-m", "distill.cli", command, "--recipe", str(recipe), "--out"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    at_once, resumed = directory / "at-once", directory / "resumed"
    subprocess.run([*words, str(at_once)], env=environment, check=True, capture_output=True)
    process = subprocess.Popen(
        [*words, str(resumed)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    # The trainer's state is the last file of a checkpoint.
    half = directory / ".resumed.partial" / "checkpoints" / "checkpoint-4" / "trainer_state.json"
    while not half.exists() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "killed before its end"
    assert not resumed.exists()
    subprocess.run(
        [*words, str(resumed), "--resume"], env=environment, check=True, capture_output=True
    )
    expected, found = (load_file(d / "model.safetensors") for d in (at_once, resumed))
    assert expected.keys() == found.keys()
    for name, weights in expected.items():
        assert torch.equal(weights, found[name]), name
    assert read_metadata(resumed).metrics["steps"] == 8


def _tokenizer(rows: Sequence[Row]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<pad>", "<s>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([prompt(r.brief) + r.copy for r in rows], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
    )


def _save(model: Any, tokenizer: PreTrainedTokenizerFast, directory: Path) -> Path:
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def chain_recipe(directory: Path) -> Path:
    """A recipe whose chain, on a deck of 30 rows, runs from end to end in half a minute."""
    base = make_causal(directory / "base", deck_rows(30))
    return write_recipe(
        directory / "recipe.toml",
        deck={"path": str(write_deck(directory / "deck.jsonl", 30)), "word_ranges": False},
        teacher={**_TEACHER, "base": str(base)},
        labels=_LABELS,
        student=_STUDENT,
        release={"rows": 4, "max_chrf_loss": 1.0},
    )
