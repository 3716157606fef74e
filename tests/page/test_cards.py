"""Copy on its cards: copied, edited, rated, varied, compared and exported."""

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.function.server import Server
from tests.page.browser import write_example


@pytest.fixture
def card(page: Page) -> Locator:
    """The first of three variants of an example."""
    write_example(page, "Sunrise Mug", 3)
    return page.get_by_role("article").first


def exported(page: Page, menu: Locator, kind: str) -> str:
    menu.click()
    with page.expect_download() as started:
        page.get_by_role("button", name=f"As .{kind}").locator("visible=true").click()
    assert started.value.suggested_filename == f"tinycopy.{kind}"
    return Path(started.value.path()).read_bytes().decode("utf-8")


def test_copy_goes_to_the_clipboard(page: Page, card: Locator):
    card.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("status").get_by_text("Copied")).to_be_visible()
    text = card.locator(".copy").inner_text()
    assert page.evaluate("navigator.clipboard.readText()") == text


def test_checks_and_counts_follow_an_edit_and_it_survives_a_reload(page: Page, card: Locator):
    card.get_by_role("button", name="Edit").click()
    area = card.get_by_label("Edit the copy")
    expect(area).to_be_focused()
    area.fill("Sunrise Mug holds 999 ml of coffee for early risers, every")
    expect(card).to_contain_text("11 words · 58 characters")
    failed = card.locator(".mark.failed")
    expect(failed.filter(has_text="no number that you did not give")).to_be_visible()
    expect(failed.filter(has_text="15–30 words")).to_be_visible()
    expect(failed.filter(has_text="does not break off")).to_be_visible()
    good = (
        "Sunrise Mug holds 350 ml of coffee and keeps it warm for early risers, every single day."
    )
    area.fill(good)
    expect(failed).to_have_count(0)
    page.reload()
    expect(card.locator(".copy")).to_have_text(good)
    expect(card.locator(".mark").first).to_be_visible()
    expect(card.locator(".mark.failed")).to_have_count(0)
    card.get_by_role("button", name="Edit").click()
    card.get_by_role("button", name="Back to the original").click()
    card.get_by_role("button", name="Done").click()
    expect(card.locator(".copy")).not_to_have_text(good)


def test_the_pages_checks_are_the_servers(page: Page, card: Locator, site_server: Server):
    names = {check["name"] for check in site_server.ask("GET", "/v1/templates").json["checks"]}
    worded = page.evaluate(
        "async () => Object.keys((await import("
        "new URL('strings.js', document.querySelector('script[type=module]').src))).checks)"
    )
    assert names <= set(worded)
    card.get_by_text("checks passed").click()
    expect(card.locator(".mark").filter(has_text="clean language")).to_be_visible()


def test_a_rating_is_kept(page: Page, card: Locator):
    card.get_by_role("button", name="Good").click()
    page.reload()
    expect(card.get_by_role("button", name="Good")).to_have_attribute("aria-pressed", "true")
    card.get_by_role("button", name="Bad").click()
    expect(card.get_by_role("button", name="Good")).to_have_attribute("aria-pressed", "false")
    expect(card.get_by_role("button", name="Bad")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(
    ("choice", "changed"),
    [("Formal tone", {"tone": "formal"}), ("Long version", {"length": "long"})],
)
def test_another_tone_or_length_is_one_click(
    page: Page, card: Locator, choice: str, changed: dict[str, str]
):
    card.get_by_role("button", name="Variations").click()
    with page.expect_request("**/v1/copy") as asked:
        card.get_by_role("button", name=choice).click()
    body = json.loads(asked.value.post_data or "")
    assert {name: body[name] for name in changed} == changed
    assert body["product"] == "Sunrise Mug"
    expect(page.locator(".group")).to_have_count(2)


def test_more_like_this_starts_as_the_chosen_one_does(page: Page, card: Locator):
    chosen = card.locator(".copy").inner_text()
    card.get_by_role("button", name="Variations").click()
    with page.expect_request("**/v1/copy") as asked:
        card.get_by_role("button", name="More like this").click()
    opening = json.loads(asked.value.post_data or "")["opening"]
    assert chosen.startswith(opening)
    assert 0.2 < len(opening) / len(chosen) < 0.8
    expect(page.locator(".group")).to_have_count(2)
    group = page.locator(".group").first
    expect(group).to_contain_text(f"more that start “{opening} …”")
    shown = group.locator(".copy").all_inner_texts()
    assert 1 <= len(shown) <= 3
    assert all(text.startswith(opening) and text != chosen for text in shown)


def test_no_name_is_cut_in_two_where_more_like_a_copy_start(page: Page):
    found = page.evaluate(
        "async () => { const { openingOf } = await import("
        "new URL('results.js', document.querySelector('script[type=module]').src));"
        "const brief = { product: 'Sunrise Mug', keywords: ['hot tea'] };"
        "const of = (text, most) => openingOf(text, brief, most);"
        "return [of('A Sunrise Mug is here.', 99), of('Your hot tea, kept well', 99),"
        " of('One two three four five six', 9), of('', 99)]; }"
    )
    assert found == ["A Sunrise Mug", "Your hot tea", "One two", ""]


def test_two_variants_are_compared_side_by_side(page: Page, card: Locator):
    other = page.get_by_role("article").nth(1)
    texts = [one.locator(".copy").inner_text() for one in (card, other)]
    card.get_by_role("button", name="Compare").click()
    other.get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog", name="Compare two variants")
    expect(dialog.locator(".copy")).to_have_text(texts)
    left = dialog.locator(".side").first
    kept = left.locator(".copy").evaluate(
        "node => { node.querySelectorAll('del').forEach("
        "one => one.remove()); return node.textContent; }"
    )
    assert set(kept.split()) <= set(texts[1].split())
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_differences_are_the_words_of_one_side_only(page: Page):
    found = page.evaluate(
        "async () => (await import(new URL('compare.js',"
        " document.querySelector('script[type=module]').src)))"
        ".differences('a b c d', 'a x c d e')"
    )
    left = [["a ", True], ["b ", False], ["c ", True], ["d", True]]
    right = [["a ", True], ["x ", False], ["c ", True], ["d ", True], ["e", False]]
    assert found == [left, right]


def test_one_or_all_are_exported(page: Page, card: Locator):
    texts = page.locator(".copy").all_inner_texts()
    one = card.get_by_role("button", name="Export")
    every = page.get_by_role("button", name="Export all")
    assert exported(page, one, "txt") == f"{texts[0]}\n"
    assert exported(page, every, "txt") == "\n\n".join(texts) + "\n"
    rows = list(csv.DictReader(io.StringIO(exported(page, every, "csv").removeprefix("\ufeff"))))
    assert [row["text"] for row in rows] == texts
    assert [int(row["words"]) for row in rows] == [len(text.split()) for text in texts]
    assert {row["product"] for row in rows} == {"Sunrise Mug"}
    body = json.loads(exported(page, every, "json"))
    assert [item["text"] for item in body["copy"]] == texts
    assert body["copy"][0]["brief"]["product"] == "Sunrise Mug"
    assert all(isinstance(ok, bool) for item in body["copy"] for ok in item["checks"].values())


def test_a_spreadsheet_never_runs_exported_copy(page: Page, card: Locator):
    card.get_by_role("button", name="Edit").click()
    hostile = '=HYPERLINK("http://evil.example","a, ""b""")\n@home'
    card.get_by_label("Edit the copy").fill(hostile)
    card.get_by_role("button", name="Done").click()
    text = exported(page, card.get_by_role("button", name="Export"), "csv")
    row = next(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert row["text"] == f"'{hostile}"


def test_copy_can_be_cleared_and_had_back(page: Page, card: Locator):
    texts = page.locator(".copy").all_inner_texts()
    page.get_by_role("button", name="Clear copy").click()
    expect(page.get_by_text("Your copy appears here")).to_be_visible()
    page.get_by_role("button", name="Undo").last.click()
    expect(page.locator(".copy")).to_have_text(texts)
