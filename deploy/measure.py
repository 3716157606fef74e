"""Measure what one copy takes, for deploy/cost.py: start the function, ask it, read its CPU time.

CPU time is that of the whole server process and its workers, from the kernel, with the time of a
server that answered once taken off.
"""

import argparse
import contextlib
import http.client
import os
import platform
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from deploy.cost import MEASURED, Measured

START_SECONDS = 120.0
STOP_SECONDS = 30.0


def run(source: Path, requests: int) -> tuple[float, list[float], int, int]:
    """Serves `source` and asks once, then `requests` times more.

    Returns the server's CPU seconds, the seconds of each further request, and the bytes of an
    answer and of the log for each request.
    """
    port = free_port()
    command = [sys.executable, "-m", "functions_framework", "--target", "tinycopy"]
    command += ["--source", str(source / "main.py"), "--host", "127.0.0.1", "--port", str(port)]
    before = _children_cpu()
    environ = {name: value for name, value in os.environ.items() if name != "MODEL_URI"}
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.DEVNULL, env=environ)
        try:
            examples = briefs(port)
            answer = ask(port, examples[0])
            seconds = []
            for number in range(requests):
                started = time.perf_counter()
                ask(port, examples[number % len(examples)])
                seconds.append(time.perf_counter() - started)
        finally:
            server.terminate()
            server.wait(timeout=STOP_SECONDS)
        logged = log.seek(0, os.SEEK_END) // (requests + 2)
    return _children_cpu() - before, seconds, len(answer), logged


def measure(source: Path, requests: int) -> Measured:
    """What one copy takes on this machine, over the function's own example briefs."""
    start_cpu, *_ = run(source, 0)
    cpu, seconds, answer_bytes, log_bytes = run(source, requests)
    return Measured(
        seconds=round(statistics.median(seconds), 4),
        cpu_seconds=round((cpu - start_cpu) / requests, 4),
        start_cpu_seconds=round(start_cpu, 2),
        answer_bytes=answer_bytes,
        log_bytes=log_bytes,
        machine=f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.machine()}",
    )


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, brief: dict[str, Any] | None = None) -> bytes:
    """The answer's bytes. Raises RuntimeError unless the function answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        if brief is None:
            connection.request("GET", "/v1/templates")
        else:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/v1/copy", msgspec.json.encode(brief), headers)
        answer = connection.getresponse()
        content = answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(f"the function answered {answer.status}: {content[:200]!r}")
    return content


def briefs(port: int) -> list[dict[str, Any]]:
    """The example brief of each type, once the server answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            templates = msgspec.json.decode(ask(port))["templates"]
            return [template["example"] for template in templates]
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def main(argv: Sequence[str] | None = None) -> None:
    """Measures and writes deploy/measured.json; then `make docs` brings the guide in step."""
    parser = argparse.ArgumentParser(prog="deploy.measure", description=__doc__)
    parser.add_argument("--source", type=Path, default=Path("function"))
    parser.add_argument("--requests", type=int, default=100)
    arguments = parser.parse_args(argv)
    measured = measure(arguments.source.resolve(), arguments.requests)
    MEASURED.write_bytes(msgspec.json.format(msgspec.json.encode(measured)) + b"\n")
    print(MEASURED.read_text("utf-8"), end="")


if __name__ == "__main__":
    main()
