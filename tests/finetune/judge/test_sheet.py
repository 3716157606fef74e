"""The sheet in a real browser: filled in from the keyboard, kept, saved, scored. No network."""

import csv
import random
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from finetune.judge.blind import Form, Key, blind
from finetune.judge.page import page as html_of
from finetune.judge.score import read_answers, score
from tinycopy.brief import Brief, CopyType

HOSTILE = "</script><script>document.title = 'taken'</script><b>Larkwell & co</b>"
BRIEFS = [
    Brief(type=CopyType.SLOGAN, product=HOSTILE, features=("<img src=x onerror=alert(1)>",)),
    Brief(type=CopyType.SOCIAL_POST, prompt="a bakery that opens at six", audience="early risers"),
    Brief(type=CopyType.AD_HEADLINE, product="Kettlewise", keywords=("tea", "calm")),
]
COPIES = {
    "north": [f"{HOSTILE} first", "Bread before dawn", ""],
    "south": ["Tea that rises", "Warm by six", "Pour, wait, drink"],
}


@pytest.fixture
def traffic(page: Page) -> list[str]:
    """Every address that the page asks for, and every error that it raises."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url.split(":")[0]))
    page.on("pageerror", lambda error: seen.append(f"error: {error}"))
    page.on("console", lambda message: seen.append(f"{message.type}: {message.text}"))
    return seen


def opened(page: Page, directory: Path, form: Form) -> Key:
    sheet, key = blind(form, BRIEFS, COPIES, random.Random(4))
    path = directory / "sheet.html"
    path.write_text(html_of(sheet), encoding="utf-8")
    page.context.set_offline(True)
    page.goto(path.as_uri())
    return key


def downloaded(page: Page, button: str, directory: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    path = directory / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.mark.parametrize("form", list(Form))
def test_a_rater_fills_in_the_sheet_from_the_keyboard_and_it_is_scored(
    page: Page, traffic: list[str], tmp_path: Path, form: Form
) -> None:
    key = opened(page, tmp_path, form)
    questions = len(key.items)
    page.get_by_label("Your name or initials").focus()
    page.keyboard.type("=Anna")
    for n in range(1, questions + 1):
        expect(page.get_by_role("heading", level=2).first).to_have_text(
            f"Question {n} of {questions}"
        )
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Save your answers")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text(f"{questions} of {questions} answered")
    saved = downloaded(page, "Save JSON", tmp_path)
    answers = read_answers([saved], key)
    assert answers[0].rater == "=Anna"
    assert answers[0].answers == dict.fromkeys(key.items, "2")
    assert score(key, answers).rows == len(BRIEFS)
    with downloaded(page, "Save CSV", tmp_path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["item"], row["answer"]) for row in rows] == [(item, "2") for item in key.items]
    # A spreadsheet must not take a name for a formula.
    assert {row["rater"] for row in rows} == {"'=Anna"}
    assert set(traffic) <= {"file", "data", "blob"}


def test_progress_is_kept_over_a_reload_until_it_is_deleted(
    page: Page, traffic: list[str], tmp_path: Path
) -> None:
    opened(page, tmp_path, Form.PAIRS)
    page.get_by_label("Your name or initials").fill("Ben")
    page.get_by_label("No difference").check()
    page.get_by_role("button", name="Next").click()
    page.reload()
    expect(page.get_by_label("Your name or initials")).to_have_value("Ben")
    expect(page.get_by_role("status")).to_have_text("1 of 3 answered")
    expect(page.get_by_role("heading", level=2).first).to_have_text("Question 2 of 3")
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("No difference")).to_be_checked()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete my answers").click()
    expect(page.get_by_role("status")).to_have_text("0 of 3 answered")
    page.reload()
    expect(page.get_by_label("No difference")).not_to_be_checked()
    assert set(traffic) <= {"file", "data"}


def test_answers_need_a_name_and_unanswered_questions_are_told(page: Page, tmp_path: Path) -> None:
    opened(page, tmp_path, Form.PAIRS)
    page.get_by_label("Copy 1").check()
    page.get_by_role("button", name="Save JSON").click()
    expect(page.get_by_role("alert")).to_have_text("Give your name or initials first.")
    expect(page.get_by_label("Your name or initials")).to_be_focused()
    page.keyboard.type("Cleo")
    downloaded(page, "Save JSON", tmp_path)
    expect(page.get_by_role("alert")).to_contain_text("2 questions are not answered yet")


def test_copy_and_briefs_stand_as_text_and_run_nothing(
    page: Page, traffic: list[str], tmp_path: Path
) -> None:
    key = opened(page, tmp_path, Form.PAIRS)
    texts = []
    for _ in key.items:
        texts += [section.inner_text() for section in page.locator("#copies section").all()]
        texts += [page.locator("#brief").inner_text()]
        page.get_by_role("button", name="Next").click()
    assert any(f"{HOSTILE} first" in text for text in texts)
    assert any("<img src=x onerror=alert(1)>" in text for text in texts)
    assert any("(nothing was written)" in text for text in texts)
    assert page.title() == "Which copy would you rather send?"
    assert set(traffic) <= {"file", "data"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("form", list(Form))
def test_the_sheet_has_no_fault_that_axe_finds(
    page: Page, tmp_path: Path, form: Form, scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    opened(page, tmp_path, form)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_the_sheet_fits_a_telephone(page: Page, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    opened(page, tmp_path, Form.PAIRS)
    for _ in BRIEFS:
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320
        page.get_by_role("button", name="Next").click()
