"""Measure the page: `python -m tests.page.measure` prints its size, first render and making."""

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.function.server import FUNCTION, running
from tests.page.browser import launch
from tinycopy import page_files

RUNS = 9


def first_paint(page: Page) -> float:
    """Milliseconds from navigation to the first contentful paint."""
    found: float = page.evaluate(
        "() => new Promise((done) => new PerformanceObserver((list) => {"
        " const paint = list.getEntriesByName('first-contentful-paint')[0];"
        " if (paint) done(paint.startTime); }).observe({ type: 'paint', buffered: true }))"
    )
    return found


def first_paints(site: str) -> list[float]:
    """First paints, least first, each in a browser context with nothing cached."""
    found = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for _ in range(RUNS):
            context = browser.new_context()
            page = context.new_page()
            page.goto(site)
            found.append(first_paint(page))
            context.close()
        browser.close()
    return sorted(found)


def main() -> int:
    """Print what was measured."""
    start = time.process_time()
    page = page_files.page()
    making = 1000 * (time.process_time() - start)
    size = sum(len(file.zipped) for file in (page.index, *page.files.values()))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "function"
        shutil.copytree(FUNCTION, source, ignore=shutil.ignore_patterns("__pycache__"))
        with running(source) as server:
            paints = first_paints(f"http://127.0.0.1:{server.port}/")
    print(f"whole page, gzipped: {size:,} bytes in {len(page.files) + 1} files")
    print(f"first contentful paint: {paints[0]:.0f} ms, median {statistics.median(paints):.0f} ms")
    print(f"reading, hashing, gzipping: {making:.1f} ms of CPU time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
