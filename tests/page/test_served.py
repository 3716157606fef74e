"""How the page's files are served, how large they are, and the same files hosted elsewhere."""

import contextlib
import functools
import gzip
import http.server
import re
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.function.server import FUNCTION, Reply, Server, is_problem, running
from tests.gcs import free_port
from tests.page.browser import watched, write_example
from tests.page.measure import first_paint

BUDGET_BYTES = 60_000
FILE = re.compile(r'"(page/[0-9a-f]{16}/[\w.]+)"')


def zipped(server: Server, path: str) -> Reply:
    return server.ask("GET", f"/{path}", headers={"Accept-Encoding": "gzip"})


@pytest.fixture
def paths(site_server: Server) -> list[str]:
    """The files that index.html names; they are all the page has."""
    found = list(dict.fromkeys(FILE.findall(site_server.ask("GET", "/").body.decode())))
    files = {path.name for path in (FUNCTION / "tinycopy" / "page").iterdir()} - {"index.html"}
    assert {path.rsplit("/", 1)[1] for path in found} == files
    return found


def test_the_whole_page_is_under_its_budget_gzipped(site_server: Server, paths: list[str]):
    sizes = {path: len(zipped(site_server, path).body) for path in ["", *paths]}
    print(f"{sum(sizes.values()):,} bytes gzipped in {len(sizes)} files")
    assert sum(sizes.values()) < BUDGET_BYTES, sizes


def test_files_are_kept_for_good_and_index_is_asked_for_again(
    site_server: Server, paths: list[str]
):
    assert site_server.ask("GET", "/").headers["Cache-Control"] == "no-cache"
    for path in paths:
        reply = site_server.ask("GET", f"/{path}")
        assert reply.status == 200
        assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert is_problem(site_server.ask("GET", f"/page/{'0' * 16}/main.js"), 404, "unknown-path")
    for name in ("nothing.js", "index.html", "..%2f..%2fmain.py", "%2e%2e"):
        assert site_server.ask("GET", f"/{paths[0].rsplit('/', 1)[0]}/{name}").status == 404


def test_an_unchanged_file_is_not_sent_again(site_server: Server, paths: list[str]):
    for path in ("", paths[0]):
        for headers in ({}, {"Accept-Encoding": "gzip"}):
            tag = site_server.ask("GET", f"/{path}", headers=headers).headers["ETag"]
            again = site_server.ask("GET", f"/{path}", headers=headers | {"If-None-Match": tag})
            assert (again.status, again.body) == (304, b"")
    plain, small = site_server.ask("GET", "/"), zipped(site_server, "")
    assert plain.headers["ETag"] != small.headers["ETag"]


def test_compression_is_for_those_who_ask(site_server: Server, paths: list[str]):
    for path in ("", *paths):
        plain, small = site_server.ask("GET", f"/{path}"), zipped(site_server, path)
        assert "Content-Encoding" not in plain.headers
        assert small.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(small.body) == plain.body
    refused = site_server.ask("GET", "/", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers


def test_the_policy_is_strict(site_server: Server):
    headers = site_server.ask("GET", "/").headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_nothing_of_the_page_is_read_before_it_is_asked_for():
    program = (
        "import main\nfrom tinycopy import page_files\nprint(page_files.page.cache_info().currsize)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=FUNCTION, capture_output=True, check=True, text=True
    )
    assert told.stdout == "0\n"


def test_modules_are_short_and_say_what_they_are_for():
    for path in (FUNCTION / "tinycopy" / "page").iterdir():
        lines = path.read_text("utf-8").splitlines()
        assert len(lines) < 300, path.name
        if path.suffix in (".js", ".css"):
            assert lines[0].startswith(("//", "/*")), path.name


def test_the_page_is_shown_before_its_form_is_known(browser: Browser, site: str):
    with watched(browser, site) as context:
        page = context.context.new_page()
        page.route("**/v1/templates", lambda route: None)  # never answered
        page.goto(site)
        expect(page.get_by_role("heading", name="Write copy")).to_be_visible()
        assert first_paint(page) > 0


@contextlib.contextmanager
def hosted(directory: Path, port: int) -> Iterator[str]:
    """Serves the files of a directory, as a bucket would; the address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Says nothing."""

    handler = functools.partial(Quiet, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as files:
        thread = threading.Thread(target=files.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            files.shutdown()
            thread.join()


def test_the_same_files_work_from_a_bucket(browser: Browser, deployed: Path, tmp_path: Path):
    port = free_port()
    with running(deployed, CORS_ORIGINS=f"http://127.0.0.1:{port}") as server:
        api = f"http://127.0.0.1:{server.port}"
        main = runpy.run_path(str(FUNCTION / "export_page.py"))["main"]
        assert main([str(tmp_path), "--api", api]) == 0
        with (
            hosted(tmp_path, port) as address,
            watched(browser, address, api) as context,
        ):
            page = context.open(address)
            write_example(page)
            card = page.get_by_role("article").first
            card.get_by_role("button", name="Edit").click()
            card.get_by_label("Edit the copy").fill("Bad 99.")
            card.locator(".mark.failed").filter(has_text="no number").wait_for()


def test_an_address_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    main = runpy.run_path(str(FUNCTION / "export_page.py"))["main"]
    with pytest.raises(SystemExit):
        main([str(tmp_path), "--api", "copy.example"])
    assert "give an address such as https://" in capsys.readouterr().err
