"""The documentation page in a browser, and the clients that it shows, each run."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.function.server import Server, until
from tests.page.browser import watched
from tinycopy.snippets import ADDRESS, SNIPPETS, Snippet

RUN = {
    "curl": lambda path: ["sh", str(path)],
    "Python": lambda path: [sys.executable, str(path)],
    "JavaScript": lambda path: [node(), "--input-type=module", "-e", path.read_text("utf-8")],
    "OpenAI SDK": lambda path: [sys.executable, str(path)],
}


def node() -> str:
    found = shutil.which("node")
    assert found, "the JavaScript client needs Node 18 or newer: apt-get install nodejs"
    return found


@pytest.fixture
def docs(browser: Browser, site: str) -> Iterator[Page]:
    with watched(browser, site) as context:
        page = context.context.new_page()
        page.goto(f"{site}docs")
        yield page


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.client)
def test_a_clients_snippet_writes_copy(
    snippet: Snippet, site: str, site_server: Server, tmp_path: Path
):
    path = tmp_path / "client"
    path.write_text(snippet.text.replace(ADDRESS, site.rstrip("/")), "utf-8")
    before = len(written(site_server))
    ran = subprocess.run(
        RUN[snippet.client](path), capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.split()) > 1
    assert "error" not in ran.stdout.lower()
    until(lambda: len(written(site_server)) == before + 1)


def written(server: Server) -> list[int]:
    """Statuses of the answers with copy so far."""
    entries = [entry for entry in server.log() if "generation_ms" in entry]
    return [entry["status"] for entry in entries if entry["status"] == 200]


def test_every_request_of_the_list_is_answered(docs: Page):
    options = docs.get_by_label("Request").get_by_role("option").all_inner_texts()
    assert len([name for name in options if name.startswith("POST")]) >= 7
    assert any(name.startswith("GET /v1/templates") for name in options)
    for name in options:
        docs.get_by_label("Request").select_option(name)
        docs.get_by_role("button", name="Send").click()
        expect(docs.get_by_role("status")).to_contain_text("200 after")
        expect(docs.locator("#answer")).to_contain_text("{")


def test_a_changed_body_is_sent_and_its_problem_shown(docs: Page):
    docs.get_by_label("Body").fill('{"type": "poem"}')
    docs.get_by_role("button", name="Send").click()
    expect(docs.get_by_role("status")).to_contain_text("422 after")
    expect(docs.locator("#answer")).to_contain_text("problem-invalid")


def test_snippets_name_the_address_that_the_page_came_from(docs: Page, site: str):
    shown = docs.locator(".client").all_inner_texts()
    assert len(shown) == len(SNIPPETS)
    for text in shown:
        assert site.rstrip("/") in text
        assert ADDRESS not in text
