"""A real Chromium for tests of the page, and what it says went wrong.

A page that breaks its Content-Security-Policy, logs an error or asks another host for anything
fails the test that opened it.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MS = 30_000
WIDE, PHONE = {"width": 1360, "height": 900}, {"width": 390, "height": 844}
EXPECTED = (
    "Failed to load resource"  # Chromium logs each answer that is an error; tests ask for some
)


def chromium() -> str:
    """Where Chromium lies. Fails if this machine has none, and says how to get it."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "tests of the page need Chromium: apt-get install chromium"
    return found


def launch(playwright: Playwright) -> Browser:
    expect.set_options(timeout=WAIT_MS)
    return playwright.chromium.launch(executable_path=chromium(), args=list(OPTIONS))


class Watched:
    """A browser context whose pages are watched."""

    def __init__(self, context: BrowserContext, hosts: set[str]) -> None:
        self.context = context
        self.wrong: list[str] = []
        self._hosts = hosts
        context.set_default_timeout(WAIT_MS)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.wrong.append(str(error.error)))
        context.on("request", self._request)

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            self.wrong.append(message.text)

    def _request(self, request: Any) -> None:
        url = urlsplit(request.url)
        if url.scheme in ("http", "https") and url.netloc not in self._hosts:
            self.wrong.append(f"asked another host: {request.url}")

    def open(self, url: str) -> Page:
        """A page of the web application, its form drawn."""
        page = self.context.new_page()
        page.goto(url)
        page.get_by_role("button", name="Write copy").wait_for()
        return page


@contextmanager
def watched(browser: Browser, *urls: str, **options: Any) -> Iterator[Watched]:
    """A context of its own that may ask the hosts of `urls`; fails if anything went wrong in it."""
    context = browser.new_context(**{"viewport": WIDE, "locale": "en-GB"} | options)
    try:
        opened = Watched(context, {urlsplit(url).netloc for url in urls})
        yield opened
        assert not opened.wrong, "\n".join(opened.wrong)
    finally:
        context.close()


def write_example(page: Page, example: str = "Sunrise Mug", variants: int = 3) -> None:
    """Fills in an example and waits for its copy."""
    page.get_by_role("button", name=f"Example: {example}").click()
    page.get_by_role("group", name="Variants").get_by_text(str(variants), exact=True).click()
    page.get_by_role("button", name="Write copy").click()
    page.get_by_role("article").first.wait_for()
