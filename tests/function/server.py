"""The function in a real functions-framework process (gunicorn, forked worker) on a free port.

A copy of the deployed directory is served, with a release of random weights embedded in it.
"""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.gcs import free_port
from tests.tiny_release import make_release

FUNCTION = Path(__file__).parents[2] / "function"
WAIT_SECONDS = 60.0
BRIEF = {"type": "slogan", "product": "Acme Shoe", "features": ["dries in 3 hours"]}


def deployable(directory: Path, **release: Any) -> str:
    """Copies the deployed directory to `directory`, embeds a tiny release, returns its digest."""
    ignored = shutil.ignore_patterns("__pycache__", "embedded")
    shutil.copytree(FUNCTION, directory, ignore=ignored)
    return make_release(directory / "tinycopy" / "embedded", **release)


@dataclass(frozen=True)
class Reply:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    """A running function."""

    port: int
    output: Path
    errors: Path
    process: subprocess.Popen[bytes]

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """One request; `body` is sent as it is if it is bytes, else as JSON."""
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=sent)
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())

    def copy(self, **fields: Any) -> Reply:
        """Copy for BRIEF with `fields`."""
        return self.ask("POST", "/v1/copy", BRIEF | fields)

    def log(self) -> list[dict[str, Any]]:
        """The entries of the log so far."""
        lines = self.output.read_text("utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def logged(self, message: str) -> list[dict[str, Any]]:
        """The entries of the log whose message starts with `message`."""
        return [entry for entry in self.log() if entry["message"].startswith(message)]


def until(condition: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
    """What `condition` returns once that is true; fails the test if that takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.02)
    return found


def listens(port: int) -> bool:
    """Whether a server accepts connections at the port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    with contextlib.closing(connection):
        try:
            connection.connect()
        except OSError:
            return False
    return True


@contextlib.contextmanager
def running(
    source: Path, *, python: Path = Path(sys.executable), **environ: str
) -> Iterator[Server]:
    """Runs the function in `source` until the block ends; no request is made to it here."""
    port = free_port()
    output, errors = source.parent / f"{port}.out", source.parent / f"{port}.err"
    command = [str(python), "-m", "functions_framework", "--target", "tinycopy"]
    command += ["--source", str(source / "main.py"), "--host", "127.0.0.1", "--port", str(port)]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            command,
            cwd=source,
            stdout=out,
            stderr=err,
            env=kept
            | {"PYTHONPATH": str(source), "THREADS": "24", "OMP_NUM_THREADS": "1"}
            | environ,
        )
    try:
        until(lambda: process.poll() is not None or listens(port))
        assert process.poll() is None, errors.read_text("utf-8")
        yield Server(port, output, errors, process)
    finally:
        process.terminate()
        process.wait(timeout=WAIT_SECONDS)


def is_problem(reply: Reply, status: int, slug: str, field: str | None = None) -> bool:
    """Whether the reply is that problem, in the shape of RFC 9457, naming the field."""
    body = reply.json
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.status == body["status"] == status, body
    assert body["type"] == f"/docs#problem-{slug}"
    assert body["title"]
    assert body["detail"]
    assert body["instance"].endswith(reply.headers["X-Request-Id"])
    assert [error["field"] for error in body.get("errors", [])] == ([field] if field else [])
    return True
