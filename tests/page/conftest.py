"""What tests of the page share: a browser, and the function with the embedded release."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.function.server import FUNCTION, Server, running
from tests.page.browser import Watched, launch, watched


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the deployed directory with the embedded release in it."""
    source = tmp_path_factory.mktemp("page") / "function"
    shutil.copytree(FUNCTION, source, ignore=shutil.ignore_patterns("__pycache__"))
    return source


@pytest.fixture(scope="session")
def site_server(deployed: Path) -> Iterator[Server]:
    with running(deployed) as server:
        yield server


@pytest.fixture(scope="session")
def site(site_server: Server) -> str:
    """The address of a running function."""
    return f"http://127.0.0.1:{site_server.port}/"


@pytest.fixture
def context(browser: Browser, site: str) -> Iterator[Watched]:
    with watched(browser, site, permissions=["clipboard-read", "clipboard-write"]) as opened:
        yield opened


@pytest.fixture
def page(context: Watched, site: str) -> Page:
    """The page, opened anew with nothing kept on the device."""
    return context.open(site)
