"""Saved copy: kept on the device, found again, edited, reused, deleted, exported and imported."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.page.browser import Watched, write_example


def save(page: Page, example: str) -> str:
    """Writes copy for an example, saves its first variant and returns its text."""
    write_example(page, example, 1)
    card = page.get_by_role("article").first
    expect(card.get_by_role("button", name="Edit")).to_be_enabled()
    text = card.locator(".copy").inner_text()
    card.get_by_role("button", name="Save", exact=True).click()
    expect(card.get_by_role("button", name="Saved", exact=True)).to_be_disabled()
    return text


@pytest.fixture
def shelf(page: Page) -> Page:
    """The page at its saved copy: a mug's and a lamp's."""
    page.goto(page.url)
    save(page, "Sunrise Mug")
    page.get_by_role("button", name="Clear copy").click()
    save(page, "Harbour Lamp")
    page.get_by_role("link", name="Saved (2)").click()
    expect(page.get_by_role("heading", name="Saved copy")).to_be_visible()
    return page


def cards(page: Page):
    return page.locator("#saved").get_by_role("article")


def test_saved_copy_survives_a_reload_and_another_tab_sees_it(shelf: Page, context: Watched):
    shelf.reload()
    expect(cards(shelf)).to_have_count(2)
    other = context.open(shelf.url.split("#")[0])
    expect(other.get_by_role("link", name="Saved (2)")).to_be_visible()
    cards(shelf).first.get_by_role("button", name="Delete").click()
    expect(other.get_by_role("link", name="Saved (1)")).to_be_visible()


def test_search_tags_and_sort_find_it_again(shelf: Page):
    expect(cards(shelf).first).to_contain_text("Harbour Lamp")
    shelf.get_by_label("Search saved copy").fill("SUNRISE coffee")
    expect(cards(shelf)).to_have_count(1)
    expect(cards(shelf)).to_contain_text("Sunrise Mug")
    shelf.get_by_label("Search saved copy").fill("nowhere")
    expect(shelf.get_by_text("Nothing saved matches.")).to_be_visible()
    shelf.get_by_label("Search saved copy").fill("")
    mug = cards(shelf).filter(has_text="Sunrise Mug")
    mug.get_by_label("Add a tag").fill("spring")
    mug.get_by_label("Add a tag").press("Enter")
    shelf.get_by_role("button", name="spring", exact=True).click()
    expect(cards(shelf)).to_have_count(1)
    shelf.reload()
    shelf.get_by_role("button", name="spring", exact=True).click()
    expect(cards(shelf)).to_have_count(1)
    shelf.get_by_role("button", name="Remove spring").click()
    expect(shelf.get_by_role("button", name="spring", exact=True)).to_have_count(0)
    shelf.get_by_label("Sort by").select_option("Oldest first")
    expect(cards(shelf).first).to_contain_text("Sunrise Mug")


def test_an_edit_is_kept_while_typing(shelf: Page):
    card = cards(shelf).filter(has_text="Harbour Lamp")
    card.get_by_role("button", name="Edit").click()
    area = card.get_by_label("Edit the copy")
    area.fill("")
    area.press_sequentially("Light that dims in nine steps.")
    expect(area).to_be_focused()
    expect(card.locator(".mark.failed").filter(has_text="no number")).to_be_visible()
    shelf.reload()
    card = cards(shelf).filter(has_text="Harbour Lamp")
    expect(card.locator(".copy")).to_have_text("Light that dims in nine steps.")
    expect(card.locator(".mark.failed").filter(has_text="no number")).to_be_visible()


def test_its_brief_is_used_again(shelf: Page):
    mug = cards(shelf).filter(has_text="Sunrise Mug")
    mug.get_by_role("button", name="Use this brief").click()
    expect(shelf.get_by_label("Product name")).to_have_value("Sunrise Mug")
    expect(shelf.get_by_label("Feature 2", exact=True)).to_have_value("holds 350 ml")
    expect(shelf.get_by_role("radio", name="Product description")).to_be_checked()


def test_a_deleted_copy_can_be_had_back(shelf: Page):
    card = cards(shelf).filter(has_text="Sunrise Mug")
    card.get_by_role("button", name="Delete").click()
    expect(cards(shelf)).to_have_count(1)
    shelf.get_by_role("button", name="Undo").last.click()
    expect(cards(shelf)).to_have_count(2)
    shelf.reload()
    expect(cards(shelf)).to_have_count(2)


def test_what_is_exported_is_imported_elsewhere(shelf: Page, tmp_path: Path):
    shelf.get_by_role("button", name="Export all").locator("visible=true").click()
    with shelf.expect_download() as started:
        shelf.get_by_role("button", name="As .json").locator("visible=true").click()
    assert started.value.suggested_filename == "tinycopy-saved.json"
    file = tmp_path / "saved.json"
    started.value.save_as(file)
    texts = [item["text"] for item in json.loads(file.read_text("utf-8"))["copy"]]
    for left in (1, 0):
        cards(shelf).first.get_by_role("button", name="Delete").click()
        expect(cards(shelf)).to_have_count(left)
    expect(shelf.get_by_text("Nothing saved yet.")).to_be_visible()
    shelf.locator("input[type=file]").set_input_files(file)
    expect(shelf.get_by_text("2 copies imported.")).to_be_visible()
    expect(cards(shelf)).to_have_count(2)
    assert sorted(shelf.locator("#saved .copy").all_inner_texts()) == sorted(texts)


@pytest.mark.parametrize("content", ["", "[]", "null", '{"format":"tinycopy-1","copy":[{}]}', "{"])
def test_a_foreign_file_is_refused(page: Page, tmp_path: Path, content: str):
    (tmp_path / "x.json").write_text(content)
    page.get_by_role("link", name="Saved").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "x.json")
    expect(page.get_by_text("not saved copy")).to_be_visible()
    expect(page.get_by_text("Nothing saved yet.")).to_be_visible()
