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


def run(out: Path, work: Work, *, steps: int = 3, deck: str = "a", **how: bool) -> None:
    run_stage("test", out, inputs={"deck": deck}, settings=Settings(steps), work=work, **how)


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


class TestAnUnfinishedRun:
    """What becomes of it when its stage is run again."""

    @pytest.fixture(autouse=True)
    def unfinished(self, tmp_path: Path) -> Path:
        """The directory of a run that broke off half-way."""
        with pytest.raises(RuntimeError):
            run(tmp_path / "out", Work(fails=True))
        (tmp_path / ".out.partial" / "stale").write_text("of the first run")
        return tmp_path / ".out.partial"

    def test_is_neither_lost_nor_resumed_unasked(self, tmp_path: Path, unfinished: Path) -> None:
        with pytest.raises(StageError, match=r"same inputs and settings.*add --resume"):
            run(tmp_path / "out", Work())
        assert (unfinished / "half").exists()
        run(tmp_path / "out", Work(), resume=True)
        assert {p.name for p in (tmp_path / "out").iterdir()} == {
            *("half", "whole", "stale", "metadata.json")
        }

    @pytest.mark.parametrize("resume", [False, True])
    def test_is_not_resumed_with_other_settings(self, tmp_path: Path, resume: bool) -> None:
        work = Work()
        with pytest.raises(StageError, match=r"other inputs or settings.*delete it to start over"):
            run(tmp_path / "out", work, steps=4, resume=resume)
        assert work.calls == 0

    @pytest.mark.parametrize("steps", [3, 4])
    def test_of_a_stage_that_cannot_resume_leaves_no_trace(
        self, tmp_path: Path, steps: int
    ) -> None:
        run(tmp_path / "out", Work(), steps=steps, resumable=False)
        assert {p.name for p in (tmp_path / "out").iterdir()} == {"half", "whole", "metadata.json"}
        assert [p.name for p in tmp_path.iterdir()] == ["out"]

    @pytest.mark.parametrize("resume", [False, True])
    def test_that_broke_off_before_it_began_is_in_nobodys_way(
        self, tmp_path: Path, unfinished: Path, resume: bool
    ) -> None:
        (unfinished / "fingerprint").unlink()
        run(tmp_path / "out", Work(), resume=resume)
        assert not (tmp_path / "out" / "stale").exists()


def test_a_directory_that_no_stage_finished_has_no_metadata(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="run the stage"):
        read_metadata(tmp_path)


def test_a_directory_that_no_stage_made_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("cat")
    with pytest.raises(StageError, match="no stage made this"):
        run(tmp_path / "photos", Work())
    assert (tmp_path / "photos" / "cat.jpg").read_text() == "cat"
