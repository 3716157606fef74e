"""A stage leaves whole outputs, works once for the same inputs, and goes on when told to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from finetune.stage import StageError, read_metadata, run_stage


class Settings(msgspec.Struct, frozen=True):
    steps: int = 3


class Work:
    """Writes one file; counts its calls; fails when told to, half-way."""

    def __init__(self, fails: bool = False) -> None:
        self.calls, self.fails = 0, fails

    def __call__(self, directory: Path) -> Mapping[str, Any]:
        self.calls += 1
        (directory / "half").write_text("half")
        if self.fails:
            raise RuntimeError("power cut")
        (directory / "whole").write_text("whole")
        return {"score": 0.5}


def run(out: Path, work: Work, *, steps: int = 3, deck: str = "a", resume: bool = False) -> None:
    run_stage(
        "test", out, inputs={"deck": deck}, settings=Settings(steps), work=work, resume=resume
    )


def test_the_output_says_how_it_came_to_be(tmp_path: Path) -> None:
    run(tmp_path / "out", Work())
    metadata = read_metadata(tmp_path / "out")
    assert metadata.stage == "test"
    assert metadata.inputs == {"deck": "a"}
    assert metadata.settings == {"steps": 3}
    assert metadata.metrics == {"score": 0.5}
    assert metadata.versions["torch"]


def test_the_same_inputs_are_worked_on_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = Work()
    run(tmp_path / "out", work)
    run(tmp_path / "out", work)
    assert work.calls == 1
    assert "up to date" in capsys.readouterr().out


@pytest.mark.parametrize("change", [{"steps": 4}, {"deck": "b"}])
def test_other_inputs_or_settings_replace_the_output(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    run(tmp_path / "out", Work())
    (tmp_path / "out" / "stale").write_text("of the first run")
    work = Work()
    run(tmp_path / "out", work, **change)
    assert work.calls == 1
    assert not (tmp_path / "out" / "stale").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_crash_leaves_no_output_and_the_old_one_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(RuntimeError):
        run(out, Work(fails=True))
    assert not out.exists()
    run(tmp_path / "other", Work())
    before = (tmp_path / "other" / "metadata.json").read_bytes()
    with pytest.raises(RuntimeError):
        run(tmp_path / "other", Work(fails=True), steps=9)
    assert (tmp_path / "other" / "metadata.json").read_bytes() == before


def test_an_unfinished_run_is_neither_lost_nor_resumed_unasked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(RuntimeError):
        run(out, Work(fails=True))
    with pytest.raises(StageError, match="--resume"):
        run(out, Work())
    assert (tmp_path / ".out.partial" / "half").exists()
    run(out, Work(), resume=True)
    assert (out / "whole").exists()


def test_a_run_with_other_settings_does_not_resume_an_unfinished_one(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        run(tmp_path / "out", Work(fails=True))
    with pytest.raises(StageError, match="others"):
        run(tmp_path / "out", Work(), steps=4, resume=True)


def test_a_directory_that_no_stage_finished_has_no_metadata(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="run the stage"):
        read_metadata(tmp_path)


def test_a_directory_that_no_stage_made_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("cat")
    with pytest.raises(StageError, match="no stage made this"):
        run(tmp_path / "photos", Work())
    assert (tmp_path / "photos" / "cat.jpg").read_text() == "cat"
