"""Everything that can happen between a brief and its copy, on real servers that do it."""

import contextlib
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.function.server import Server, running, until
from tests.page.browser import Watched, watched, write_example

SLOW = {"CANDIDATES": "64", "QUEUE": "0"}  # a long generation, and nobody may wait for it
LONG = {"type": "product_description", "length": "long", "variants": 5}


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}/"


@contextlib.contextmanager
def opened(browser: Browser, server: Server) -> Iterator[tuple[Watched, Page]]:
    with watched(browser, address(server)) as context:
        yield context, context.open(address(server))


def fill(page: Page) -> None:
    page.get_by_role("button", name="Example: Sunrise Mug").click()


def press(page: Page) -> None:
    page.get_by_role("button", name="Write copy").click()


def is_kept(page: Page) -> None:
    expect(page.get_by_label("Product name")).to_have_value("Sunrise Mug")


@contextlib.contextmanager
def occupied(server: Server) -> Iterator[None]:
    """Keeps the server's only place taken until the block ends."""
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            server.copy(**LONG)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: server.copy(**LONG).status == 429)
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.fixture(scope="module")
def slow(deployed: Path) -> Iterator[Server]:
    with running(deployed, **SLOW) as server:
        yield server


def test_writing_shows_progress_and_can_be_cancelled(browser: Browser, slow: Server):
    with opened(browser, slow) as (_, page):
        fill(page)
        page.get_by_role("group", name="Length").get_by_text("Long").click()
        page.get_by_role("group", name="Variants").get_by_text("5").click()
        press(page)
        expect(page.get_by_role("progressbar", name="Writing")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Cancelled.")).to_be_visible()
        expect(page.get_by_role("progressbar")).to_have_count(0)
        is_kept(page)
        until(lambda: slow.copy().status == 200)
        press(page)
        page.get_by_role("article").first.wait_for()


def test_a_full_queue_tells_the_time_to_wait_and_counts_it_down(browser: Browser, slow: Server):
    with opened(browser, slow) as (_, page):
        fill(page)
        with occupied(slow):
            busy = page.get_by_text("Too many requests at once")
            until(lambda: (press(page), page.wait_for_timeout(200), busy.count())[2])
            again = page.get_by_role("button", name="Try again")
            expect(again).to_have_text(re.compile(r"Try again in \d s"))
            expect(again).to_have_attribute("aria-disabled", "true")
            expect(again).to_have_text("Try again")
        is_kept(page)
        until(lambda: slow.copy().status == 200)
        again.click()
        page.get_by_role("article").first.wait_for()


def test_a_refused_brief_is_told_why_and_kept(page: Page):
    page.get_by_text("Your own words").click()
    brief = "a racist slogan insulting immigrants"
    page.get_by_label("Describe it").fill(brief)
    press(page)
    refusal = page.get_by_role("alert").filter(has_text="This will not be written")
    expect(refusal).to_contain_text("This asks for abusive copy, which is not written here.")
    expect(refusal.get_by_role("button", name="Try again")).to_have_count(0)
    expect(page.get_by_label("Describe it")).to_have_value(brief)
    refusal.get_by_role("button", name="Dismiss").click()
    expect(refusal).to_have_count(0)


def test_a_model_that_loads_is_said_to_be_waking(browser: Browser, deployed: Path):
    with socket.socket() as silent:  # a bucket that accepts requests and does not answer them
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        environ = {
            "MODEL_URI": "gs://nowhere",
            "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "DOWNLOAD_SECONDS": "20",
            "LOAD_WAIT_SECONDS": "60",
        }
        with running(deployed, **environ) as server, opened(browser, server) as (_, page):
            fill(page)
            press(page)
            expect(page.locator("#status").get_by_text("Waking the model…")).to_be_visible()
            page.get_by_role("article").first.wait_for(timeout=60_000)
            expect(page.locator("#status").get_by_text("Waking the model…")).to_have_count(0)
            expect(page.get_by_text("Written by the built-in model")).to_be_visible()


def test_a_model_that_cannot_load_is_asked_for_again(
    browser: Browser, tmp_path: Path, deployed: Path
):
    source = tmp_path / "function"
    shutil.copytree(deployed, source)
    embedded = source / "tinycopy" / "embedded"
    shutil.move(embedded, tmp_path / "aside")
    with running(source) as server, opened(browser, server) as (_, page):
        fill(page)
        press(page)
        expect(page.get_by_text("The model is not ready")).to_be_visible()
        is_kept(page)
        shutil.move(tmp_path / "aside", embedded)
        until(lambda: server.copy().status == 200)
        page.get_by_role("button", name=re.compile("^Try again$")).click()
        page.get_by_role("article").first.wait_for()


def test_an_error_of_the_server_shows_its_request_id(
    browser: Browser, tmp_path: Path, deployed: Path
):
    source = tmp_path / "function"
    shutil.copytree(deployed, source)
    student = source / "tinycopy" / "checks.py"
    broken = "\ndef run_checks(brief, text):\n    raise OSError\n"
    student.write_text(student.read_text("utf-8") + broken)
    with running(source) as server, opened(browser, server) as (_, page):
        fill(page)
        with page.expect_response("**/v1/copy") as answered:
            press(page)
        failure = page.get_by_role("alert").filter(has_text="Something went wrong on the server")
        expect(failure).to_contain_text(answered.value.headers["x-request-id"])
        expect(failure.get_by_role("button", name="Try again")).to_be_enabled()
        is_kept(page)


def test_offline_is_told_and_writing_goes_on_when_it_ends(context: Watched, page: Page):
    fill(page)
    context.context.set_offline(True)
    press(page)
    expect(page.get_by_role("alert")).to_contain_text("You are offline")
    is_kept(page)
    context.context.set_offline(False)
    expect(page.get_by_text("You are online again.")).to_be_visible()
    press(page)
    page.get_by_role("article").first.wait_for()


def test_an_edit_while_offline_is_kept_and_its_checks_are_said_to_be_old(
    context: Watched, page: Page
):
    write_example(page)
    card = page.get_by_role("article").first
    context.context.set_offline(True)
    card.get_by_role("button", name="Edit").click()
    card.get_by_label("Edit the copy").fill("Words of mine.")
    expect(card.get_by_text("before your edit")).to_be_visible()
    context.context.set_offline(False)
    page.reload()
    expect(card.locator(".copy")).to_have_text("Words of mine.")


def test_a_server_that_is_gone_is_told_and_nothing_is_lost(browser: Browser, deployed: Path):
    with running(deployed) as server, opened(browser, server) as (_, page):
        fill(page)
        server.process.terminate()
        server.process.wait()
        press(page)
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        is_kept(page)
