"""From a brief to copy: the form, its limits, and what is kept of it."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.function.server import Server
from tests.page.browser import Watched, write_example
from tinycopy import brief as limits


def product(page: Page, name: str) -> None:
    page.get_by_label("Product name").fill(name)


def sent(page: Page) -> dict[str, object]:
    """The brief that the page sends when its button is pressed."""
    with page.expect_request("**/v1/copy") as asked:
        page.get_by_role("button", name="Write copy").click()
    body: dict[str, object] = json.loads(asked.value.post_data or "")
    return body


def test_an_example_becomes_copy_on_cards(page: Page):
    write_example(page, "Sunrise Mug", 3)
    cards = page.get_by_role("article")
    assert 1 <= cards.count() <= 3
    for card in cards.all():
        text = card.locator(".copy").inner_text()
        words, characters = len(text.split()), len(text)
        expect(card).to_contain_text(f"{words} words · {characters} characters")
        expect(card.get_by_role("listitem").filter(has_text="no number that you")).to_be_visible()


def test_the_form_is_drawn_from_the_templates(page: Page, site_server: Server):
    templates = site_server.ask("GET", "/v1/templates").json
    for template in templates["templates"]:
        page.get_by_role("radio", name=template["title"]).check(force=True)
        for length, words in template["words"].items():
            option = page.get_by_role("radio", name=re.compile(f"^{length}", re.IGNORECASE))
            label = page.locator("label", has=option)
            expect(label).to_contain_text(f"{words['least']}–{words['most']} words")
    expect(page.get_by_role("group", name="Tone").get_by_role("radio")).to_have_count(4)
    expect(page.get_by_role("group", name="Variants").get_by_role("radio")).to_have_count(5)


def test_everything_in_the_form_is_sent_and_nothing_else(page: Page):
    page.get_by_role("radio", name="Social post").check(force=True)
    product(page, "  Acme Shoe ")
    page.get_by_label("What it is").fill("running shoe")
    page.get_by_label("Feature 1", exact=True).fill("light")
    page.get_by_role("button", name="Add a feature").click()
    page.get_by_label("Feature 2", exact=True).fill("dries in 3 hours")
    page.get_by_role("group", name="Tone").get_by_text("Casual").click()
    page.get_by_role("group", name="Length").get_by_text("Long").click()
    page.get_by_label("Character limit").fill("280")
    page.get_by_label("Audience").fill("weekend runners")
    page.get_by_label("Keywords").fill("trail, rain")
    page.get_by_role("group", name="Variants").get_by_text("2").click()
    page.get_by_text("Advanced").click()
    page.get_by_label("Starts with").fill("Rain?")
    page.get_by_label("Temperature").fill("0.5")
    page.get_by_label("Seed").fill("7")
    assert sent(page) == {
        "type": "social_post",
        "product": "Acme Shoe",
        "category": "running shoe",
        "features": ["light", "dries in 3 hours"],
        "tone": "casual",
        "length": "long",
        "max_characters": 280,
        "audience": "weekend runners",
        "keywords": ["trail", "rain"],
        "variants": 2,
        "opening": "Rain?",
        "temperature": 0.5,
        "seed": 7,
    }


def test_own_words_take_the_place_of_the_product(page: Page):
    product(page, "Acme Shoe")
    page.get_by_text("Your own words").click()
    page.get_by_label("Describe it").fill("a bakery in Porto")
    brief = sent(page)
    assert brief["prompt"] == "a bakery in Porto"
    assert not brief.keys() & {"product", "category", "features"}


def test_features_are_added_removed_pasted_and_reordered(page: Page):
    product(page, "Acme")
    first = page.get_by_label("Feature 1", exact=True)
    first.fill("one")
    first.press("Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    page.keyboard.type("three")
    page.get_by_role("button", name="Move feature 3 up").click()
    page.get_by_role("button", name="Remove feature 1").click()
    assert sent(page)["features"] == ["three", "two"]
    page.evaluate("navigator.clipboard.writeText('- dry\\n- warm')")
    page.get_by_role("button", name="Add a feature").click()
    page.keyboard.press("Control+v")
    values = page.locator(".rows input").evaluate_all("all => all.map((one) => one.value)")
    assert values == ["three", "two", "dry", "warm"]


def test_keywords_are_chips(page: Page):
    box = page.get_by_label("Keywords")
    box.fill("trail")
    box.press("Enter")
    box.press_sequentially("rain,light")
    box.press("Enter")
    chips = page.locator(".chip")
    expect(chips).to_have_text(["trail", "rain", "light"])
    box.press("Backspace")
    page.get_by_role("button", name="Remove trail").click()
    expect(chips).to_have_text(["rain"])


@pytest.mark.parametrize(
    ("label", "limit"),
    [("Product name", limits.MAX_PRODUCT), ("Audience", limits.MAX_AUDIENCE)],
)
def test_the_servers_limits_show_while_typing(page: Page, label: str, limit: int):
    box = page.get_by_label(label)
    box.fill("é" * limit)
    expect(box).not_to_have_attribute("aria-invalid", "true")
    box.press_sequentially("🍞🍞")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text(f"2 characters over the limit of {limit}.")).to_be_visible()
    expect(page.get_by_text(f"{limit + 2} of {limit}")).to_be_visible()


def test_a_brief_outside_the_limits_is_not_sent_and_its_first_fault_has_the_focus(page: Page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Write copy").click()
    expect(page.get_by_role("alert")).to_contain_text("1 field needs attention")
    expect(page.get_by_label("Product name")).to_be_focused()
    product(page, "Acme")
    expect(page.get_by_role("alert")).to_be_hidden()
    for i in range(limits.MAX_KEYWORDS + 1):
        page.get_by_label("Keywords").fill(f"word{i},")
    page.get_by_text("Advanced").click()
    page.get_by_label("Temperature").fill("2.5")
    page.get_by_label("Seed").fill("1.5")
    page.get_by_role("button", name="Write copy").click()
    expect(page.get_by_text(f"At most {limits.MAX_KEYWORDS}.")).to_be_visible()
    expect(page.get_by_text("A number from 0 to 2.")).to_be_visible()
    expect(page.get_by_text("A whole number from 0 to")).to_be_visible()
    assert not [url for url in asked if url.endswith("/v1/copy")]


def test_a_character_limit_is_checked_while_typing_and_kept_by_the_copy(page: Page):
    page.get_by_role("button", name="Example: LedgerLeaf").click()
    box = page.get_by_label("Character limit")
    box.fill("9")
    expect(page.get_by_text("A whole number from 10 to 2000.")).to_be_visible()
    box.fill("30")
    expect(box).not_to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("6–9 words need more room")).to_be_visible()
    page.get_by_role("group", name="Length").get_by_text("Short").click()
    expect(page.get_by_text("words need more room")).to_be_hidden()
    page.get_by_role("group", name="Length").get_by_text("Medium").click()
    page.get_by_role("button", name="Write copy").click()
    card = page.get_by_role("article").first
    marks = card.get_by_role("listitem")
    expect(marks.filter(has_text="at most 30 characters")).to_be_visible()
    expect(marks.filter(has_text="6–9 words")).to_have_count(0)
    expect(page.locator(".group-head")).to_contain_text("Medium · at most 30 characters")
    card.get_by_role("button", name="Edit").click()
    card.get_by_label("Edit the copy").fill("Receipts in, and all of your books are done.")
    expect(card.locator(".mark.failed").filter(has_text="at most 30")).to_be_visible()
    page.reload()
    expect(box).to_have_value("30")


def test_a_character_limit_without_room_for_the_keywords_is_told_at_its_field(page: Page):
    product(page, "Acme")
    page.get_by_label("Keywords").fill("waterproof trail shoe,")
    page.get_by_label("Character limit").fill("20")
    page.get_by_role("button", name="Write copy").click()
    expect(page.get_by_label("Character limit")).to_be_focused()
    told = "What the copy must name takes 26 characters; allow more, or give fewer keywords."
    expect(page.get_by_text(told, exact=True)).to_be_visible()
    page.get_by_label("Character limit").fill("60")
    expect(page.get_by_text("takes 26 characters")).to_have_count(0)


def test_what_only_the_server_refuses_is_shown_at_its_field(page: Page):
    product(page, "\u200b")
    page.get_by_role("button", name="Write copy").click()
    expect(page.get_by_label("Product name")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Is empty.", exact=True)).to_be_visible()


def test_what_was_typed_and_written_survives_a_reload(page: Page):
    write_example(page, "Trailhead 20", 2)
    texts = page.locator(".copy").all_inner_texts()
    page.get_by_label("Audience").fill("people who hike")
    page.get_by_label("Feature 1", exact=True).fill("25 litres")
    page.get_by_label("Keywords").press_sequentially("trail")
    page.reload()
    expect(page.locator(".chip")).to_have_text("trail")
    expect(page.get_by_label("Audience")).to_have_value("people who hike")
    expect(page.get_by_label("Feature 1", exact=True)).to_have_value("25 litres")
    expect(page.locator(".copy")).to_have_text(texts)


def test_an_example_and_clear_can_be_undone(page: Page):
    product(page, "Mine")
    page.get_by_role("button", name="Example: LedgerLeaf").click()
    expect(page.get_by_label("Product name")).to_have_value("LedgerLeaf")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Product name")).to_have_value("Mine")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_label("Product name")).to_have_value("")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Product name")).to_have_value("Mine")


def test_a_link_carries_the_brief_in_its_fragment_alone(page: Page, context: Watched, site: str):
    page.get_by_role("button", name="Example: Harbour Lamp").click()
    product(page, "Harbour Lamp № 2 🍞")
    page.get_by_role("button", name="Copy link to this brief").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{site}#")
    asked: list[str] = []
    context.context.on("request", lambda request: asked.append(request.url))
    other = context.context.new_page()
    other.goto(link)
    expect(other.get_by_label("Product name")).to_have_value("Harbour Lamp № 2 🍞")
    expect(other.get_by_label("Feature 2", exact=True)).to_have_value("two-year guarantee")
    assert asked
    assert not [url for url in asked if "Harbour" in url or len(url) > len(site) + 60]


@pytest.mark.parametrize("fragment", ["#brief=", "#brief=%%%", "#brief=eyJ4IjoxfQ", "#brief=e30"])
def test_a_broken_link_harms_nothing(context: Watched, site: str, fragment: str):
    page = context.open(site + fragment)
    expect(page.get_by_text("cannot be read")).to_be_visible()
    product(page, "Acme")
    assert sent(page)["product"] == "Acme"


def test_a_link_with_foreign_values_fills_in_what_fits(context: Watched, site: str):
    page = context.open(site)
    hostile = {
        "type": "slogan",
        "tone": "angry",
        "product": "<img src=x onerror=alert(1)>",
        "features": [{"a": 1}, "b"],
        "__proto__": {"x": 1},
        "variants": "many",
    }
    link = page.evaluate("brief => '#brief=' + btoa(JSON.stringify(brief))", hostile)
    page.goto(site + link)
    expect(page.get_by_label("Product name")).to_have_value("<img src=x onerror=alert(1)>")
    expect(page.get_by_role("radio", name="Slogan")).to_be_checked()
    assert sent(page)["tone"] == "professional"


def test_control_enter_writes_from_any_field(page: Page):
    page.get_by_role("button", name="Example: Sunrise Mug").click()
    page.get_by_label("Audience").press("Control+Enter")
    page.get_by_role("article").first.wait_for()
