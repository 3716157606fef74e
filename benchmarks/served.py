"""A function in functions-framework on one CPU: started, asked, watched, stopped."""

import contextlib
import http.client
import os
import runpy
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psutil

from deploy.measure import free_port

ROOT = Path(__file__).resolve().parent.parent
FUNCTION = ROOT / "function"
EMBEDDED = FUNCTION / "tinycopy" / "embedded"
EXAMPLE: dict[str, Any] = runpy.run_path(str(FUNCTION / "serve.py"))["EXAMPLE"]
"""The brief that `make serve` shows."""
START_SECONDS = 300.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.001
KEPT = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR")
"""Variables of this process that a served function gets too."""
MIB = 2**20
REQUEST_CONCURRENCY = 4
"""Requests that an instance takes at once: the default of terraform/variables_function.tf."""


@dataclass(frozen=True)
class Source:
    """What is served: main.py in `directory`, by the interpreter `python`, with `environ`.

    at_once: requests that it takes at once, from which its queue and threads follow.
    """

    name: str
    python: Path
    directory: Path = FUNCTION
    environ: Mapping[str, str] = field(default_factory=dict)
    at_once: int = REQUEST_CONCURRENCY

    @property
    def shape(self) -> dict[str, str]:
        """CONCURRENCY, QUEUE and THREADS as terraform/function.tf sets them for one vCPU."""
        queue, threads = str(self.at_once - 1), str(self.at_once + 1)
        return {"CONCURRENCY": "1", "QUEUE": queue, "THREADS": threads}


@dataclass(frozen=True)
class Memory:
    """Bytes of all processes of a server.

    rss: resident pages, a page that two share counted twice. pss: each page once, its share where
    processes outside share it.
    """

    rss: int
    pss: int


class Server:
    """A running function. spawned: time.monotonic() before its process was made."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, spawned: float) -> None:
        self.process, self.port, self.spawned = process, port, spawned

    def ask(self, body: Any, path: str = "/v1/copy") -> Any:
        """The JSON answer to a POST. Raises RuntimeError unless it is a 200."""
        with contextlib.closing(self.connect()) as connection:
            return ask(connection, body, path)

    def get(self, path: str) -> Any:
        """The JSON answer to a GET. Raises RuntimeError unless it is a 200."""
        with contextlib.closing(self.connect()) as connection:
            connection.request("GET", path)
            return _read(connection, path)

    def connect(self) -> http.client.HTTPConnection:
        """A new connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)

    def first_answer(self, body: Any, path: str = "/v1/copy") -> tuple[float, Any]:
        """Asks as soon as the server listens; seconds since the spawn, and the answer.

        Raises RuntimeError if the server ended or did not listen in START_SECONDS.
        """
        while True:
            try:
                answer = self.ask(body, path)
            except ConnectionError:
                waited = time.monotonic() - self.spawned
                if self.process.poll() is not None or waited > START_SECONDS:
                    raise RuntimeError("the function did not start") from None
                time.sleep(POLL_SECONDS)
            else:
                return time.monotonic() - self.spawned, answer

    def memory(self) -> Memory:
        """What the processes hold now."""
        rss = pss = 0
        for process in self._processes():
            with contextlib.suppress(OSError):
                told = _rollup(process.pid)
                rss += told["Rss"]
                pss += told["Pss"]
        return Memory(rss, pss)

    def cpu_seconds(self) -> float:
        """CPU time of the processes so far, user and system."""
        times = [process.cpu_times() for process in self._processes()]
        return float(sum(one.user + one.system for one in times))

    def kill(self) -> None:
        """Ends all processes at once, as the platform does to one that takes too much memory."""
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    def _processes(self) -> list[psutil.Process]:
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


class Watch:
    """Samples a server's memory in a thread; past `limit` bytes of pss, it kills the server."""

    def __init__(self, server: Server, seconds: float = 0.02, limit: int | None = None) -> None:
        self._server, self._seconds, self._limit = server, seconds, limit
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.peak = Memory(0, 0)
        self.killed = False

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            now = self._server.memory()
            self.peak = Memory(max(self.peak.rss, now.rss), max(self.peak.pss, now.pss))
            if self._limit is not None and now.pss > self._limit:
                self.killed = True
                self._server.kill()
                return


@contextlib.contextmanager
def started(source: Source, cpu: int, within: Sequence[str] = ()) -> Iterator[Server]:
    """Runs the function on the CPU numbered `cpu` until the block ends; makes no request.

    within: a command that runs the one behind it, as under a limit. The function's output goes to a
    file; an error in the block is raised with the end of it.
    """
    port = free_port()
    command = [str(source.python), "-m", "functions_framework", "--target", "tinycopy"]
    command += ["--source", str(source.directory / "main.py")]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environ = {name: os.environ[name] for name in KEPT if name in os.environ}
    # QUEUE_SECONDS: nothing waits as long, but where something else holds the CPU.
    environ |= {**source.shape, "QUEUE_SECONDS": "600", "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryFile() as output:
        spawned = time.monotonic()
        process = subprocess.Popen(
            [*within, "taskset", "-c", str(cpu), *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**environ, "PYTHONPATH": str(source.directory), **source.environ},
        )
        try:
            yield Server(process, port, spawned)
        except RuntimeError as error:
            output.seek(0)
            error.add_note(f"{source.name} said: {output.read()[-2000:].decode(errors='replace')}")
            raise
        finally:
            process.terminate()
            process.wait(timeout=STOP_SECONDS)


def ask(connection: http.client.HTTPConnection, body: Any, path: str = "/v1/copy") -> Any:
    """The JSON answer to a POST over a kept connection. Raises RuntimeError unless it is a 200."""
    headers = {"Content-Type": "application/json"}
    connection.request("POST", path, msgspec.json.encode(body), headers)
    return _read(connection, path)


def _read(connection: http.client.HTTPConnection, path: str) -> Any:
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != http.HTTPStatus.OK:
        raise RuntimeError(f"{path} answered {answer.status}: {content[:300]!r}")
    return msgspec.json.decode(content)


def serving_python() -> Path:
    """The interpreter with what is deployed and nothing else; made by make on first use."""
    subprocess.run(["make", "--silent", "serve-env"], cwd=ROOT, check=True, stdout=sys.stderr)
    python = ROOT / ".venv-serve" / "bin" / "python"
    # Bytecode is compiled at build where this is deployed.
    compiled = [str(python), "-m", "compileall", "-q", str(FUNCTION)]
    subprocess.run(compiled, check=True, stdout=sys.stderr)
    return python


@contextlib.contextmanager
def apart() -> Iterator[int]:
    """Yields the CPU to serve on, the last one, and keeps off it until the block ends.

    This thread, and the threads and processes that it starts, stay on the other CPUs if there are
    any; `started` and `taskset` go where they are told.
    """
    allowed = os.sched_getaffinity(0)
    cpu = max(allowed)
    os.sched_setaffinity(0, allowed - {cpu} or allowed)
    try:
        yield cpu
    finally:
        os.sched_setaffinity(0, allowed)


def installed_bytes(site: Path) -> dict[str, int]:
    """Bytes of each package in a site-packages directory, the installers themselves not counted."""
    sizes: dict[str, int] = {}
    for entry in site.iterdir():
        name = entry.name.split("-")[0].split(".")[0]
        if name in ("pip", "setuptools", "pkg_resources", "_distutils_hack"):
            continue
        files = [entry] if entry.is_file() else [p for p in entry.rglob("*") if p.is_file()]
        sizes[name] = sizes.get(name, 0) + sum(p.stat().st_size for p in files)
    return sizes


def _rollup(pid: int) -> dict[str, int]:
    """Bytes by name from the kernel's sum over a process's mappings."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    fields = (line.split() for line in lines)
    return {name.rstrip(":"): int(kib) * 1024 for name, kib, _ in fields}
