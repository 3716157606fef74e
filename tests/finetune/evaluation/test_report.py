"""The report, from an evaluation that was made here."""

from pathlib import Path

import msgspec
import pytest

from finetune.evaluation.assess import read_evaluation
from finetune.evaluation.evaluate import evaluate
from finetune.evaluation.report import main
from finetune.evaluation.tables import percent
from finetune.stage import StageError, run_stage
from tests.finetune.evaluation.test_evaluate import ROWS, TRAINING, Echo, entrant, settings_of


class LabelSettings(msgspec.Struct, frozen=True):
    """Settings of a stage, for this test."""

    candidates: int = 7


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "first"
    evaluate(settings_of(), ROWS, TRAINING, [entrant("echo", Echo())], out)
    return out


def test_a_report_holds_the_evaluations_figures_plots_and_samples(
    evaluation: Path, tmp_path: Path
) -> None:
    out = tmp_path / "docs" / "report.md"
    main([str(evaluation), "--out", str(out)])
    text = out.read_text()
    scores = read_evaluation(evaluation).entries["echo"].scores
    assert percent(scores.all_checks) in text
    assert (evaluation / "table.md").read_text() in text
    assert (evaluation / "samples.md").read_text() in text
    for plot in ("checks.png", "latency.png", "copied.png"):
        assert f"](report-plots/first-{plot})" in text
        copied = out.parent / "report-plots" / f"first-{plot}"
        assert copied.read_bytes() == (evaluation / plot).read_bytes()


def test_a_stage_is_in_the_report_only_if_its_metadata_is_given(
    evaluation: Path, tmp_path: Path
) -> None:
    labels, out = tmp_path / "labels", tmp_path / "report.md"
    run_stage(
        "label",
        labels,
        inputs={},
        settings=LabelSettings(),
        work=lambda _: {"labels": 4321, "drops": {"repeats": 99}, "history": [1, 2]},
    )
    main([str(evaluation), "--out", str(out)])
    assert "## Labels" not in out.read_text()
    main([str(evaluation), "--stage", str(labels), "--out", str(out)])
    text = out.read_text()
    assert "## Labels" in text
    assert "| labels | 4,321 |" in text
    assert "| drops: repeats | 99 |" in text
    assert "candidates = 7" in text
    assert "history" not in text


def test_a_report_on_what_is_no_evaluation_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"evaluation\.json: not there; run `tinycopy evaluate"):
        main([str(tmp_path), "--out", str(tmp_path / "report.md")])
