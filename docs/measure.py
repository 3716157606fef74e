"""Measure the function as a newcomer meets it: start it with `make serve` and ask it for copy."""

import json
import os
import platform
import runpy
import signal
import socket
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tinycopy import manifest as manifests

WARM_REQUESTS = 50
START_SECONDS = 60.0
MEGABYTE = 1_000_000
_SCORES = {
    "valid_checks": "its greedy copy for validation briefs that passes every check, of 1",
    "valid_checks_torch": "the same before conversion",
    "valid_chrf": "chrF of that copy against the deck's, of 1",
    "valid_chrf_torch": "the same before conversion",
    "valid_same_copy": "greedy copy that conversion leaves as it was, of 1",
}
"""What README calls the scores of a manifest (distill/convert.py)."""
COMMAND = "`make readme`"


@dataclass(frozen=True)
class Measured:
    """answer: the function's JSON for the example brief. figures: rows of what, figure, command."""

    answer: str
    figures: list[tuple[str, ...]]


def measure(root: Path) -> Measured:
    """Start the function of this checkout from its embedded release, ask it, and stop it."""
    example: dict[str, Any] = runpy.run_path(str(root / "function" / "serve.py"))["EXAMPLE"]
    subprocess.run(["make", "serve-env"], cwd=root, check=True)
    port = _free_port()
    started = time.perf_counter()
    command = ["make", "serve", f"PORT={port}"]
    server = subprocess.Popen(
        command, cwd=root, start_new_session=True, stdout=subprocess.DEVNULL, env=_environment()
    )
    try:
        answer = _first_answer(port, example)
        first = time.perf_counter() - started
        warm = sorted(_seconds(port, example) for _ in range(WARM_REQUESTS))
        memory = max(child.memory_info().rss for child in psutil.Process(server.pid).children(True))
    finally:
        os.killpg(server.pid, signal.SIGINT)
        server.wait(timeout=30)
    return Measured(
        answer=json.dumps(answer, indent=2, ensure_ascii=False),
        figures=_speed(first, warm, memory) + _release(root),
    )


def _environment() -> dict[str, str]:
    """This process's environment without MODEL_URI, so that the embedded release is served."""
    return {name: value for name, value in os.environ.items() if name != "MODEL_URI"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _ask(port: int, brief: dict[str, Any]) -> dict[str, Any]:
    """The function's answer. Raises urllib.error.HTTPError for anything but 2xx."""
    request = urllib.request.Request(
        f"http://localhost:{port}/v1/copy",
        data=json.dumps(brief).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def _first_answer(port: int, brief: dict[str, Any]) -> dict[str, Any]:
    """Ask until the server accepts connections. Raises TimeoutError after START_SECONDS."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            return _ask(port, brief)
        except urllib.error.HTTPError:
            raise
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.01)
    raise TimeoutError(f"the function did not answer within {START_SECONDS:.0f} s of `make serve`")


def _seconds(port: int, brief: dict[str, Any]) -> float:
    started = time.perf_counter()
    _ask(port, brief)
    return time.perf_counter() - started


def _speed(first: float, warm: list[float], memory: int) -> list[tuple[str, ...]]:
    """Rows from one run. first, warm (sorted): seconds. memory: bytes of the largest process."""
    machine = f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.machine()}"
    p95 = warm[int(0.95 * len(warm))]
    return [
        (f"`make serve` to first copy, installed ({machine})", f"{first * 1000:.0f} ms", COMMAND),
        ("one copy over HTTP, median", f"{statistics.median(warm) * 1000:.0f} ms", COMMAND),
        (f"one copy over HTTP, 95 % of {len(warm)}", f"{p95 * 1000:.0f} ms", COMMAND),
        ("memory of the serving process", f"{memory / MEGABYTE:.0f} MB", COMMAND),
    ]


def _release(root: Path) -> list[tuple[str, ...]]:
    """Rows from the manifest of the embedded release: what it is, and the scores it came with."""
    raw = (root / "function" / "tinycopy" / "embedded" / manifests.MANIFEST).read_bytes()
    manifest = manifests.parse(raw)
    size = sum(file.bytes for file in manifest.files.values())
    by = "`tinycopy convert`"
    return [
        ("embedded release", f"`{manifests.digest(raw)[:12]}`", by),
        ("its size on disk", f"{size / MEGABYTE:.1f} MB", by),
        ("its parameters", f"{manifest.parameters / 1e6:.1f} million", by),
        *((_SCORES[name], f"{value:.3g}", by) for name, value in sorted(manifest.scores.items())),
    ]
