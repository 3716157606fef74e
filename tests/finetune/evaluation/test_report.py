"""The report, from evaluations that were made here, and the one that is committed."""

import json
from pathlib import Path

import msgspec
import pytest

from finetune.bias.command import Bias, write
from finetune.bias.compare import compare
from finetune.bias.labelled import measure_filter, read_lines
from finetune.bias.pairs import read_pairs
from finetune.evaluation.assess import read_evaluation
from finetune.evaluation.chain import taught_by
from finetune.evaluation.evaluate import Entrant, evaluate
from finetune.evaluation.inputs import EMBEDDED, base_model
from finetune.evaluation.report import main
from finetune.evaluation.tables import percent
from finetune.generators.generate import Kind, generator_digest, parse_spec
from finetune.stage import Metadata, StageError, run_stage
from tests.finetune.bias.test_probe import Prejudiced
from tests.finetune.evaluation.test_evaluate import ROWS, TRAINING, Echo, entrant, settings_of
from tests.tiny_release import make_release
from tinycopy import manifest as manifests

ROOT = Path(__file__).resolve().parents[3]


class AnySettings(msgspec.Struct, frozen=True):
    """Settings of a stage, for this test."""

    candidates: int = 7


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "first"
    evaluate(settings_of(), ROWS, TRAINING, [entrant("echo", Echo())], out)
    return out


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("releases") / "ours"
    make_release(directory)
    return directory


@pytest.fixture(scope="module")
def of_releases(tmp_path_factory: pytest.TempPathFactory, release: Path) -> Path:
    """An evaluation of the release and of another one, whose conversion's metadata is there."""
    out = tmp_path_factory.mktemp("report") / "both"
    other = Metadata(
        stage="convert",
        fingerprint="f",
        inputs={},
        settings={},
        metrics={"digest": "0" * 64, "bytes": 77777},
        started_at="",
        seconds=1.0,
        git_commit="",
        versions={},
    )
    identity = generator_digest(parse_spec(f"release={release}"))
    entrants = [
        Entrant("ours", Kind.RELEASE, identity, lambda: Echo(["{} it is"])),
        Entrant("other", Kind.RELEASE, "other", lambda: Echo(["{0} {0}"]), other),
    ]
    evaluate(settings_of(probe=True), ROWS, TRAINING, entrants, out)
    return out


def report(*words: str | Path, out: Path) -> str:
    main([*map(str, words), "--out", str(out)])
    return out.read_text()


def test_a_report_holds_the_evaluations_figures_plots_and_samples(
    evaluation: Path, tmp_path: Path
) -> None:
    out = tmp_path / "docs" / "report.md"
    text = report(evaluation, out=out)
    scores = read_evaluation(evaluation).entries["echo"].scores
    assert percent(scores.all_checks) in text
    assert (evaluation / "table.md").read_text() in text
    for row in ROWS:
        assert row.copy in text
    for plot in ("checks.png", "latency.png", "copied.png"):
        assert f"](report-plots/first-{plot})" in text
        copied = out.parent / "report-plots" / f"first-{plot}"
        assert copied.read_bytes() == (evaluation / plot).read_bytes()
    assert "](report-plots/slices.png)" in text


def test_a_stage_is_in_the_report_only_if_its_metadata_is_given(
    evaluation: Path, tmp_path: Path
) -> None:
    labels, out = tmp_path / "labels", tmp_path / "report.md"
    run_stage(
        "label",
        labels,
        inputs={},
        settings=AnySettings(),
        work=lambda _: {"labels": 4321, "drops": {"repeats": 99}, "history": [{"loss": 1}]},
    )
    assert "## Labels" not in report(evaluation, out=out)
    text = report(evaluation, "--stage", labels, out=out)
    assert "## Labels" in text
    assert "| labels | 4,321 |" in text
    assert "| drops: repeats | 99 |" in text
    assert "candidates = 7" in text
    assert "history" not in text


def test_the_releases_facts_come_from_its_manifest_and_not_from_another_release(
    of_releases: Path, release: Path, tmp_path: Path
) -> None:
    text = report(of_releases, "--release", release, out=tmp_path / "report.md")
    raw = (release / manifests.MANIFEST).read_bytes()
    manifest = manifests.parse(raw)
    section = text.split("## Release\n")[1].split("\n## ")[0]
    assert manifests.digest(raw) in section
    assert f"| parameters | {manifest.parameters:,} |" in section
    assert manifest.git_commit in section
    assert "77,777" not in text
    assert "`ours`, the release that this is about" in text
    assert "`other`, another release, `000000000000`" in text


def test_targets_and_quoted_figures_are_the_releases(
    of_releases: Path, release: Path, tmp_path: Path
) -> None:
    text = report(of_releases, "--release", release, out=tmp_path / "report.md")
    scores = read_evaluation(of_releases).entries["ours"].scores
    section = text.split("## Targets\n")[1].split("\n## ")[0]
    assert "| broken | <= 1 % | <= 0.1 % | 0.00 | aim | 4 |" in section
    assert "Of " in section
    assert " floors the release meets " in section
    quoted = json.loads((tmp_path / "report.json").read_text())
    assert quoted["rows"] == 4
    assert quoted["all_checks"]["passed"] == scores.all_checks.passed
    assert quoted["probe"]["rows"] > 300


def test_generators_are_compared_with_the_release_row_by_row(
    of_releases: Path, release: Path, tmp_path: Path
) -> None:
    text = report(of_releases, "--release", release, out=tmp_path / "report.md")
    section = text.split("Above `ours` on the same rows")[1]
    assert "|  | other |" in section
    assert "| broken (see checks), % | +100.0 (+100.0 to +100.0) |" in section


def test_a_release_that_no_evaluation_is_of_is_refused(evaluation: Path, release: Path) -> None:
    with pytest.raises(StageError, match="no evaluation is of the release"):
        main([str(evaluation), "--release", str(release), "--out", "report.md"])


def test_a_bias_probe_of_another_release_is_refused(
    of_releases: Path, release: Path, tmp_path: Path
) -> None:
    pairs = read_pairs()[:4]
    found = Bias(
        pairs=4,
        generators={"echo": compare(pairs, write(Prejudiced(), pairs, 1))},
        filter=measure_filter(read_lines()),
    )

    def probed(name: str, digest: str | None) -> Path:
        def work(directory: Path) -> dict[str, int]:
            (directory / "bias.json").write_bytes(msgspec.json.encode(found))
            return {}

        inputs = {"release": str(digest)}
        run_stage("probe-bias", tmp_path / name, inputs=inputs, settings=AnySettings(), work=work)
        return tmp_path / name

    words: list[str | Path] = [of_releases, "--release", release, "--bias"]
    with pytest.raises(StageError, match="is not of release"):
        report(*words, probed("other", "x"), out=tmp_path / "report.md")
    own = probed("own", generator_digest(parse_spec(f"release={release}")))
    text = report(*words, own, out=tmp_path / "report.md")
    assert "4 pairs of briefs" in text
    assert "## Bias and harm" in text


def test_every_brief_is_shown_once_however_many_generators_fail_on_it(
    of_releases: Path, release: Path, tmp_path: Path
) -> None:
    samples = (of_releases / "samples.md").read_text()
    assert samples.count("Among the worst of") == len(
        {s.brief for worst in read_evaluation(of_releases).worst.values() for s in worst}
    )
    text = report(of_releases, "--release", release, out=tmp_path / "report.md")
    section = text.split("## Sample copy\n")[1].split("### ")[0]
    assert section.count("| ours |") == len(ROWS)


def test_what_was_measured_of_serving_is_told_with_the_release_it_was_of(
    of_releases: Path, release: Path, tmp_path: Path
) -> None:
    results = ROOT / "benchmarks" / "results"
    words: list[str | Path] = [of_releases, "--release", release]
    assert "## Cost" not in report(*words, out=tmp_path / "report.md")
    text = report(*words, "--benchmarks", results, out=tmp_path / "report.md")
    assert "## Cost" in text
    assert "figures of another release" in text
    with pytest.raises(StageError, match="run `make bench`"):
        report(*words, "--benchmarks", tmp_path, out=tmp_path / "report.md")


def student_stage(**changes: object) -> Metadata:
    settings = {"keep_layers": [], "encoder_layers": 4, "decoder_layers": 2, "width": 256}
    return Metadata(
        stage="student",
        fingerprint="f",
        inputs={},
        settings=settings | changes,
        metrics={"pairs": 90, "pairs_from_deck": changes.pop("pairs_from_deck", 90)},
        started_at="",
        seconds=1.0,
        git_commit="",
        versions={},
    )


def test_what_a_student_learnt_from_is_told_by_its_metadata() -> None:
    alone = taught_by(student_stage())
    assert "90 pairs of the deck and no labels" in alone
    assert "encoder-decoder of 4 and 2 layers" in alone
    assert "30 labels" in taught_by(student_stage(pairs_from_deck=60))
    assert "its teacher expects" in taught_by(student_stage(teacher_logits="all"))
    assert "its guide" in taught_by(student_stage(logits_from="x", logits_weight=0.5))
    assert "layers 0, 1" in taught_by(student_stage(keep_layers=[0, 1]))


def test_a_teachers_base_model_is_named_however_often_it_went_on(tmp_path: Path) -> None:
    class Settings(msgspec.Struct, frozen=True):
        base: str

    first = tmp_path / "first"
    base = Settings("package:llm/SmolLM2-135M.gguf")
    run_stage("finetune", first, inputs={}, settings=base, work=lambda _: {})
    further = Settings(str(first))
    stage = run_stage(
        "finetune", tmp_path / "second", inputs={}, settings=further, work=lambda _: {}
    )
    assert base_model(stage) == "SmolLM2-135M"


def test_a_report_on_what_is_no_evaluation_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"evaluation\.json: not there; run `tinycopy evaluate"):
        main([str(tmp_path), "--out", str(tmp_path / "report.md")])


@pytest.mark.parametrize("document", ["report.md", "slides.html", "report.json"])
def test_the_committed_report_and_talk_are_of_the_embedded_release(document: str) -> None:
    digest = manifests.digest((EMBEDDED / manifests.MANIFEST).read_bytes())
    assert digest[:12] in (ROOT / "docs" / document).read_text(), "run: make report"
