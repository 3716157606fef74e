"""A disk that is full while a student is trained and converted.

The kernel's limit on the size of a file stands in for it: a write past it fails as on a full disk.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from distill.convert import ConvertSettings, convert
from distill.student import StudentSettings, load_student, train_student
from finetune.deck import read_shipped
from finetune.stage import METADATA, StageError
from tinycopy.release import embedded

ROWS = read_shipped("train")[:40]
STUDENT = StudentSettings(
    vocabulary=800,
    width=32,
    feed_forward=64,
    heads=2,
    encoder_layers=2,
    decoder_layers=1,
    warmup=2,
    steps=4,
    batch_tokens=1500,
    eval_steps=4,
    eval_rows=2,
)
RELEASE = ConvertSettings(rows=2, max_chrf_loss=1.0, max_checks_loss=1.0)
FULL = "File too large|file write failed|iostream error"


@contextmanager
def full(most: int) -> Iterator[None]:
    """No file takes more than `most` bytes until the block ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_no_student_and_no_release_and_both_can_be_made_later(
    tmp_path: Path,
) -> None:
    student, release = tmp_path / "student", tmp_path / "release"
    with full(50_000), pytest.raises(Exception, match=FULL):
        train_student(STUDENT, ROWS, ROWS[:2], None, student, inputs={})
    assert not student.exists()
    with pytest.raises(StageError, match="--resume"):
        train_student(STUDENT, ROWS, ROWS[:2], None, student, inputs={})
    train_student(STUDENT, ROWS, ROWS[:2], None, student, inputs={}, resume=True)
    load_student(student)

    with full(50_000), pytest.raises(Exception, match=FULL):
        convert(RELEASE, student, ROWS, release, inputs={})
    assert not release.exists()
    convert(RELEASE, student, ROWS, release, inputs={})
    first = embedded(release).digest
    with full(50_000), pytest.raises(Exception, match=FULL):
        convert(RELEASE, student, ROWS, release, inputs={"another": "input"})
    assert embedded(release).digest == first, "the release before is as it was"
    assert (release / METADATA).exists()
