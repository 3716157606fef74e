"""A disk that is full while a student is trained and converted.

The kernel's limit on the size of a file stands in for it: a write past it fails as on a full disk.
"""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from distill.cli import main
from distill.convert import ConvertSettings, convert
from distill.student import load_student
from finetune.deck import read_shipped
from finetune.stage import METADATA, read_metadata
from tests.finetune.conftest import own_cache as own_cache
from tests.function.server import until
from tests.tiny_models import write_deck, write_recipe
from tinycopy.release import embedded

STEPS = 12
STUDENT = {
    "vocabulary": 800,
    "width": 32,
    "feed_forward": 64,
    "heads": 2,
    "encoder_layers": 2,
    "decoder_layers": 1,
    "warmup": 2,
    "batch_tokens": 1500,
    "eval_steps": 2,
    "eval_rows": 2,
}
RELEASE = ConvertSettings(rows=2, max_chrf_loss=1.0, max_checks_loss=1.0)
MOST = 50_000  # bytes of a file on the full disk: less than a student's weights take
LAST = "trainer_state.json"  # of the files of a checkpoint
FULL = "File too large|file write failed|iostream error"


@contextmanager
def full() -> Iterator[None]:
    """No file takes more than MOST bytes until the block ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def training(directory: Path, steps: int) -> list[str]:
    """The words of a command that trains a student in `directory`."""
    recipe = write_recipe(
        directory / "recipe.toml",
        deck={"path": str(write_deck(directory / "deck.jsonl", 40)), "word_ranges": False},
        student=STUDENT | {"steps": steps},
    )
    return ["student", "--recipe", str(recipe), "--out", str(directory / "student")]


def saved(partial: Path, file: str = "") -> set[int]:
    """The steps of the checkpoints that were begun; with a file, of those that have it."""
    found = (partial / "checkpoints").glob("checkpoint-*")
    return {int(path.name.rpartition("-")[2]) for path in found if (path / file).exists()}


def train_until_the_disk_is_full(words: list[str], partial: Path, said: Path) -> None:
    """Runs the command in a process of its own, whose disk is full once a checkpoint is whole."""
    command = [sys.executable, "-m", "distill.cli", *words]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    with said.open("wb") as file:
        child = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        until(lambda: saved(partial, LAST) or child.poll() is not None, seconds=200)
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (MOST, MOST))
        assert child.wait(timeout=200) == 1, said.read_text()
    finally:
        child.kill()
        child.wait()


@pytest.mark.timeout(600)
def test_training_goes_on_from_the_last_whole_checkpoint_after_a_full_disk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = training(tmp_path, STEPS)
    student, partial = tmp_path / "student", tmp_path / ".student.partial"
    train_until_the_disk_is_full(words, partial, tmp_path / "said")
    assert re.search(FULL, (tmp_path / "said").read_text())
    assert not student.exists()
    whole = saved(partial, LAST)
    assert max(whole) < max(saved(partial)), "the last is half a checkpoint"

    assert main(words) == 1
    assert "--resume" in capsys.readouterr().err
    assert main([*words, "--resume"]) == 0
    assert f"/checkpoint-{max(whole)}\n" in capsys.readouterr().out
    assert read_metadata(student).metrics["steps"] == STEPS
    load_student(student)


def test_a_full_disk_leaves_no_release_or_the_one_before(tmp_path: Path) -> None:
    assert main(training(tmp_path, 2)) == 0
    student, release, rows = tmp_path / "student", tmp_path / "release", read_shipped("train")[:40]
    with full(), pytest.raises(Exception, match=FULL):
        convert(RELEASE, student, rows, release, inputs={})
    assert not release.exists()
    convert(RELEASE, student, rows, release, inputs={})
    first = embedded(release).digest
    with full(), pytest.raises(Exception, match=FULL):
        convert(RELEASE, student, rows, release, inputs={"another": "input"})
    assert embedded(release).digest == first, "the release before is as it was"
    assert (release / METADATA).exists()
