"""A newcomer's first command, in a directory of its own with nothing installed: `make serve`."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.function.server import Server, until
from tests.gcs import free_port
from tinycopy.brief import Brief
from tinycopy.checks import run_checks
from tinycopy.manifest import FILES, MANIFEST, digest

ROOT = Path(__file__).resolve().parents[1]
EMBEDDED = ROOT / "function" / "tinycopy" / "embedded"
MOST_BYTES = 14_000_000
INSTALL_SECONDS = 240


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """What `make serve` started, from the Makefile and function/ alone."""
    checkout = tmp_path_factory.mktemp("newcomer")
    shutil.copy(ROOT / "Makefile", checkout)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "function", checkout / "function", ignore=ignored)
    port, output = free_port(), checkout / "output"
    with output.open("wb") as out:
        process = subprocess.Popen(
            ["make", "serve", f"PORT={port}"],
            cwd=checkout,
            env={k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until(lambda: process.poll() is not None or "Ctrl-C" in output.read_text(), INSTALL_SECONDS)
        assert process.poll() is None, output.read_text()
        yield Server(port, output, output, process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


@pytest.mark.timeout(2 * INSTALL_SECONDS)
def test_the_printed_command_gets_copy_that_fits_its_brief(served: Server) -> None:
    text = served.output.read_text()
    words = shlex.split(text[text.index("curl ") : text.index("Stop with")].replace("\\\n", " "))
    body = json.loads(words[words.index("-d") + 1])
    assert words[2] == f"http://localhost:{served.port}/v1/copy"
    brief = msgspec.convert(body, Brief)
    for seed in range(5):
        reply = served.ask("POST", "/v1/copy", body | {"seed": seed})
        assert reply.status == 200
        copy = reply.json["variants"][0]["text"]
        assert all(run_checks(brief, copy).values()), copy
        assert reply.json["model"]["digest"] == digest((EMBEDDED / MANIFEST).read_bytes())


@pytest.mark.timeout(2 * INSTALL_SECONDS)
def test_nothing_but_the_functions_requirements_is_installed(served: Server) -> None:
    python = served.output.parent / ".venv-serve" / "bin" / "python"
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=json"], capture_output=True, check=True, text=True
    )
    names = {package["name"].lower().replace("_", "-") for package in json.loads(listed.stdout)}
    pinned = {
        line.split("==")[0].lower()
        for line in (ROOT / "function" / "requirements.txt").read_text().splitlines()
        if "==" in line
    }
    assert names - pinned <= {"pip", "setuptools", "wheel"}


def test_the_embedded_release_is_small() -> None:
    assert sum((EMBEDDED / name).stat().st_size for name in (*FILES, MANIFEST)) <= MOST_BYTES
