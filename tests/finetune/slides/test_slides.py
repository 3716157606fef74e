"""The talk: its figures are those that were saved, and it works in a real browser, offline."""

from html import escape
from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from finetune.bias.command import Bias, write
from finetune.bias.compare import compare
from finetune.bias.labelled import measure_filter, read_lines
from finetune.bias.pairs import read_pairs
from finetune.evaluation.assess import read_evaluation
from finetune.evaluation.evaluate import Entrant, evaluate
from finetune.evaluation.paired import tally
from finetune.evaluation.tables import percent
from finetune.generators.generate import Kind, generator_digest, parse_spec
from finetune.judge.score import Judgement
from finetune.slides.command import main
from finetune.stage import StageError, run_stage
from tests.finetune.bias.test_probe import Prejudiced
from tests.finetune.evaluation.test_evaluate import ROWS, TRAINING, Echo, entrant, settings_of
from tests.tiny_release import make_release
from tinycopy import manifest as manifests

HOSTILE = "</section><script>document.title = 'taken'</script>{}"


class LabelSettings(msgspec.Struct, frozen=True):
    """Settings of a stage, for this test."""

    candidates: int = 7


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("slides") / "evaluation"
    evaluate(settings_of(), ROWS, TRAINING, [entrant("echo", Echo(["{}", HOSTILE]))], out)
    return out


def labels(directory: Path) -> Path:
    metrics = {"labels": 4321, "drops": {"repeats": 9, "too_long": 99, "copied": 5, "rare": 1}}
    run_stage("label", directory, inputs={}, settings=LabelSettings(), work=lambda _: metrics)
    return directory


def bias(directory: Path) -> Path:
    directory.mkdir()
    pairs = read_pairs()[:20]
    found = Bias(
        pairs=20,
        generators={"echo": compare(pairs, write(Prejudiced(), pairs, 1))},
        filter=measure_filter(read_lines()),
    )
    (directory / "bias.json").write_bytes(msgspec.json.encode(found))
    return directory


def judged(directory: Path) -> Path:
    directory.mkdir()
    found = Judgement(
        form="pairs",
        labels=("echo", "deck"),
        rows=12,
        identical=0,
        answers={"anna": 12},
        questions=12,
        tally=tally([1] * 9 + [-1] * 2 + [0]),
        by_rater={},
        alpha=None,
        alpha_level="nominal",
        ratings={},
    )
    (directory / "score.json").write_bytes(msgspec.json.encode(found))
    return directory


def test_the_slides_hold_the_saved_figures_and_leave_out_what_was_not_saved(
    evaluation: Path, tmp_path: Path
) -> None:
    out = tmp_path / "talk" / "slides.html"
    main([str(evaluation), "--out", str(out)])
    scores = read_evaluation(evaluation).entries["echo"].scores
    text = out.read_text()
    assert f"{percent(scores.all_checks)} %" in text
    assert "data:image/png;base64," in text
    assert "The labels" not in text
    assert "What people say" not in text
    command = [str(evaluation), "--stage", str(labels(tmp_path / "labels")), "--out", str(out)]
    command += [
        "--bias",
        str(bias(tmp_path / "bias")),
        "--judged",
        str(judged(tmp_path / "judged")),
    ]
    main(command)
    text = out.read_text()
    assert "<td>4,321</td>" in text
    assert '<th scope="row">dropped: too long</th><td>99</td>' in text
    assert "dropped: rare" not in text
    assert f"<td>{percent(tally([1] * 9 + [-1] * 2).win_rate)} %</td>" in text
    assert "20 pairs of briefs" in text
    assert 10 <= text.count("<section ") <= 14


def test_the_talk_is_of_the_release_and_not_of_the_last_generator(tmp_path: Path) -> None:
    release = tmp_path / "release"
    make_release(release)
    identity = generator_digest(parse_spec(f"release={release}"))
    entrants = [
        Entrant("ours", Kind.RELEASE, identity, lambda: Echo(["{} of ours"])),
        Entrant("last", Kind.RELEASE, "other", lambda: Echo(["{} of others"])),
    ]
    evaluate(settings_of(), ROWS, TRAINING, entrants, tmp_path / "evaluation")
    out = tmp_path / "slides.html"
    main([str(tmp_path / "evaluation"), "--release", str(release), "--out", str(out)])
    text = out.read_text()
    manifest = (release / manifests.MANIFEST).read_bytes()
    assert f"<td>{manifests.digest(manifest)[:12]}</td>" in text
    assert "of ours</td>" in text
    assert "of others" not in text


def test_what_was_never_saved_is_refused_with_the_command_that_saves_it(
    evaluation: Path, tmp_path: Path
) -> None:
    out = str(tmp_path / "slides.html")
    for option, command in (("--bias", "probe-bias"), ("--judged", "judge score")):
        with pytest.raises(StageError, match=f"run `tinycopy {command}`"):
            main([str(evaluation), option, str(tmp_path), "--out", out])


def test_keys_turn_the_slides_and_nothing_is_asked_of_any_host(
    evaluation: Path, page: Page, tmp_path: Path
) -> None:
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url.split(":")[0]))
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.context.set_offline(True)
    out = tmp_path / "slides.html"
    main([str(evaluation), "--out", str(out)])
    count = out.read_text().count("<section ")
    assert escape(HOSTILE.format("")[:20]) in out.read_text()
    page.goto(out.as_uri())
    place = page.get_by_role("status")
    expect(place).to_have_text(f"1 of {count}")
    expect(page.locator("section:visible")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", name="From a brief to copy")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("heading", name="Limits")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Back").click()
    expect(place).to_have_text(f"{count - 1} of {count}")
    page.reload()
    expect(place).to_have_text(f"{count - 1} of {count}")
    assert page.title() == "Tinycopy"
    assert set(seen) <= {"file", "data"}


def test_no_slide_has_a_fault_that_axe_finds(evaluation: Path, page: Page, tmp_path: Path) -> None:
    out = tmp_path / "slides.html"
    main([str(evaluation), "--out", str(out)])
    page.goto(out.as_uri())
    for _ in range(out.read_text().count("<section ")):
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        page.keyboard.press("ArrowRight")
