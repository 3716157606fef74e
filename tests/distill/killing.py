"""Runs publishing commands in processes of their own: one to be killed, or several that race."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distill.publish import main
from tests.wire import Cut, Request, wired

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int | None
    errors: str


def run_killed_after(server_url: str, argv: list[str], number: int) -> list[Request]:
    """Kills (SIGKILL) the command once the server has carried out its request `number`.

    Number 0 lets it finish. Returns the requests that the server carried out.
    """
    with wired(server_url) as wire:
        child = PROCESSES.Process(target=_run, args=(wire.url, argv, Path(os.devnull)))
        started = threading.Event()

        def kill(request: Request) -> None:
            started.wait()
            if request.number == number and child.pid:
                os.kill(child.pid, signal.SIGKILL)
                raise Cut

        wire.after = kill
        child.start()
        started.set()
        child.join()
        assert child.exitcode == (-signal.SIGKILL if number else 0)
        return wire.passed


def run_at_once(server_url: str, commands: Sequence[list[str]], directory: Path) -> list[Ended]:
    """Runs all commands at the same time; `directory` is for what they say of errors."""
    said = [directory / f"{number}.err" for number in range(len(commands))]
    children = [
        PROCESSES.Process(target=_run, args=(server_url, argv, errors))
        for argv, errors in zip(commands, said, strict=True)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    return [
        Ended(child.exitcode, errors.read_text())
        for child, errors in zip(children, said, strict=True)
    ]


def _run(url: str, argv: list[str], errors: Path) -> None:
    os.environ["STORAGE_EMULATOR_HOST"] = url
    # The client asks about the bucket in threads of its own, for its traces, and how often depends
    # on which thread comes first. Without them each run makes the same requests in the same order.
    os.environ["DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"] = "true"
    with errors.open("w") as file, contextlib.redirect_stderr(file):
        raise SystemExit(main(argv))
