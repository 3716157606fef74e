"""Pictures of the page's main states, written to build/screenshots/ for people to look at.

docs/screenshots/ holds the two that the README shows; copy them there when the page changes.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.page.browser import PHONE, WIDE, watched, write_example

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "screenshots"
SHOWN = ROOT / "docs" / "screenshots"
MAX_BYTES = 150_000
LOOKS = {
    "wide-light": {"viewport": WIDE, "color_scheme": "light"},
    "wide-dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone-dark": {"viewport": PHONE, "color_scheme": "dark"},
}


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[tuple[str, Page]]:
    with watched(browser, site, **LOOKS[request.param]) as context:
        yield request.param, context.open(site)


def picture(page: Page, name: str) -> None:
    """Writes what the window shows, in a palette, and looks that it is a picture of something."""
    page.evaluate("document.getElementById('toasts').replaceChildren()")
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    assert len(shot.getcolors(1 << 24) or []) > 50, "the window is all but empty"
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.png"
    shot.quantize(256).save(path, optimize=True)
    assert path.stat().st_size < MAX_BYTES


def test_pictures_of_the_main_states_are_written(look: tuple[str, Page]):
    name, page = look
    picture(page, f"{name}-empty")
    write_example(page)
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    if name.startswith("phone"):
        page.locator("#results").scroll_into_view_if_needed()
        page.evaluate("document.getElementById('results').scrollIntoView()")
    picture(page, f"{name}-copy")
    cards = page.get_by_role("article")
    cards.first.get_by_role("button", name="Edit").click()
    cards.first.get_by_label("Edit the copy").fill("Sunrise Mug keeps coffee hot for 9 hours.")
    expect(cards.first.locator(".mark.failed").first).to_be_visible()
    picture(page, f"{name}-edit")
    cards.first.get_by_role("button", name="Done").click()
    cards.first.get_by_role("button", name="Save", exact=True).click()
    for card in cards.all()[:2]:
        card.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    picture(page, f"{name}-compare")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Saved (1)").click()
    picture(page, f"{name}-saved")
    page.get_by_role("link", name="Write").click()
    page.get_by_text("Your own words").click()
    page.get_by_label("Describe it").fill("a racist slogan insulting immigrants")
    page.get_by_role("button", name="Write copy").click()
    expect(page.get_by_text("This will not be written")).to_be_visible()
    picture(page, f"{name}-refused")


def test_the_readmes_pictures_are_there_and_small():
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = sorted(SHOWN.glob("*.png"))
    assert len(shown) == 2
    for path in shown:
        assert path.relative_to(ROOT).as_posix() in readme
        assert path.stat().st_size < MAX_BYTES
