"""The page for everyone: by keyboard alone, on a phone, in the dark, right to left, by axe-core."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.page.browser import PHONE, WIDE, watched, write_example

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": WIDE, "color_scheme": "light"},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "has_touch": True},
    "phone-dark": {"viewport": PHONE, "color_scheme": "dark", "has_touch": True},
}


def is_accessible(page: Page) -> bool:
    """Whether axe-core finds nothing against WCAG 2.2 AA and its best practices."""
    # A passing message may lie over a button, which axe-core takes for a small button.
    page.evaluate("document.getElementById('toasts')?.replaceChildren()")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    assert found.response["passes"], "axe-core looked at nothing"
    wrong = found.response["violations"]
    assert not wrong, [(one["id"], [node["html"] for node in one["nodes"]]) for one in wrong]
    return True


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Page]:
    with watched(browser, site, **LOOKS[request.param]) as context:
        yield context.open(site)


def test_the_main_states_have_no_violations(look: Page):
    page = look
    assert is_accessible(page)
    page.get_by_role("button", name="Write copy").click()
    assert is_accessible(page)  # with a field's error
    write_example(page)
    page.get_by_text("checks passed").first.click()
    page.get_by_text("Advanced").click()
    assert is_accessible(page)
    card = page.get_by_role("article").first
    card.get_by_role("button", name="Variations").click()
    assert is_accessible(page)
    page.keyboard.press("Escape")
    card.get_by_role("button", name="Edit").click()
    card.get_by_label("Edit the copy").fill("Bad bad 99 copy.")
    expect(card.locator(".mark.failed").first).to_be_visible()
    assert is_accessible(page)
    card.get_by_role("button", name="Done").click()
    card.get_by_role("button", name="Save", exact=True).click()
    for one in page.get_by_role("button", name="Compare").all():
        one.click()
        if page.get_by_role("dialog").count():
            break
    assert is_accessible(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Saved (1)").click()
    page.locator("#saved").get_by_label("Add a tag").fill("spring")
    page.keyboard.press("Enter")
    assert is_accessible(page)


def test_a_refusal_and_the_documentation_have_no_violations(look: Page, site: str):
    page = look
    page.get_by_text("Your own words").click()
    page.get_by_label("Describe it").fill("a racist slogan insulting immigrants")
    page.get_by_role("button", name="Write copy").click()
    expect(page.get_by_text("This will not be written")).to_be_visible()
    assert is_accessible(page)
    page.goto(f"{site}docs")
    assert is_accessible(page)


def test_a_brief_is_written_edited_and_saved_by_keyboard_alone(page: Page):
    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "() => document.activeElement.getAttribute('aria-label')"
                " || document.activeElement.labels?.[0]?.textContent"
                " || document.activeElement.textContent"
            )
            if re.match(name, focused):
                outline = page.evaluate(
                    "() => { const at = document.activeElement; const shown = at.type === 'radio'"
                    " ? at.nextElementSibling : at.closest('.chip-box') ?? at;"
                    " return getComputedStyle(shown).outlineStyle; }"
                )
                assert outline == "solid", f"{name}: the focus cannot be seen"
                return
        raise AssertionError(f"Tab does not reach {name}")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to("Product description")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Social post")).to_be_checked()
    tab_to("Product name")
    page.keyboard.type("Acme Shoe")
    tab_to("Feature 1")
    page.keyboard.type("light")
    page.keyboard.press("Enter")
    page.keyboard.type("dries in 3 hours")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # moves it up
    first = page.get_by_label("Feature 1", exact=True)
    expect(first).to_have_value("dries in 3 hours")
    tab_to("Keywords")
    page.keyboard.type("rain")
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_text("rain")
    tab_to("Write copy")
    page.keyboard.press("Enter")
    page.get_by_role("article").first.wait_for()
    tab_to("Edit$")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("Rain? Acme Shoe dries in 3 hours.")
    page.keyboard.press("Escape")
    expect(page.locator(".copy").first).to_have_text("Rain? Acme Shoe dries in 3 hours.")
    expect(page.get_by_role("button", name="Edit").first).to_be_focused()
    tab_to("Save$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Saved (1)")).to_be_visible()
    tab_to("Variations")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="More like this")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Variations").first).to_be_focused()


COVERED = """() => {
  const at = document.activeElement;
  const shown = at.type === 'radio' ? at.closest('label') : at;
  const box = shown.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return top && (shown.contains(top) || top.contains(shown)) ? null : shown.outerHTML;
}"""


@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_what_has_the_focus_is_never_covered(browser: Browser, site: str, key: str):
    with watched(browser, site, viewport={"width": 1360, "height": 700}) as context:
        page = context.open(site)
        page.evaluate("document.querySelector('.advanced').open = true")
        reached = 0
        for _ in range(80):
            page.keyboard.press(key)
            if page.evaluate("document.activeElement === document.body"):
                break
            assert page.evaluate(COVERED) is None
            reached += 1
        assert reached > 20


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1920])
def test_nothing_is_cut_off_at_any_width(browser: Browser, site: str, width: int):
    with watched(browser, site, viewport={"width": width, "height": 800}) as context:
        page = context.open(site)
        write_example(page)
        page.get_by_label("Product name").fill("W" * 120)
        page.get_by_role("article").first.get_by_role("button", name="Edit").click()
        page.get_by_label("Edit the copy").fill("W" * 300)
        page.get_by_role("button", name="Done").click()
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(overflow) == 0
        page.get_by_role("article").first.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("link", name="Saved (1)").click()
        assert page.evaluate(overflow) == 0


def test_text_written_from_right_to_left_stands_right(page: Page):
    hebrew = "קפה של בוקר"
    page.get_by_label("Product name").fill(hebrew)
    write_direction = "node => getComputedStyle(node).direction"
    assert page.get_by_label("Product name").evaluate(write_direction) == "rtl"
    write_example(page)
    card = page.get_by_role("article").first
    card.get_by_role("button", name="Edit").click()
    card.get_by_label("Edit the copy").fill(hebrew)
    card.get_by_role("button", name="Done").click()
    assert card.locator(".copy").evaluate(write_direction) == "rtl"
    page.evaluate("document.documentElement.dir = 'rtl'")
    form, copy = page.locator(".panel").bounding_box(), page.locator(".output").bounding_box()
    assert form and copy and form["x"] > copy["x"]
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0


@pytest.mark.parametrize(
    "attack",
    [
        "document.body.append(document.createElement('style')); document.body.style = 'color: red';"
        "document.body.setAttribute('style', 'color: red')",
        "setTimeout('1')",
        "document.body.innerHTML = '<p>'",
        "fetch('http://127.0.0.1:9/')",
    ],
)
def test_what_the_policy_forbids_fails_a_test(browser: Browser, site: str, attack: str):
    with pytest.raises(AssertionError, match=r"Content Security Policy|Trusted"):
        try_it(browser, site, attack)


def try_it(browser: Browser, site: str, attack: str) -> None:
    with watched(browser, site) as context:
        page = context.open(site)
        page.evaluate(f"setTimeout(() => {{ {attack} }}, 0)")
        page.wait_for_timeout(300)
