"""Runs a publishing command in a process of its own and kills it between two requests."""

import multiprocessing
import os
import signal
import threading

from distill.publish import main
from tests.wire import Cut, Request, wired


def run_killed_after(server_url: str, argv: list[str], number: int) -> list[Request]:
    """Kills (SIGKILL) the command once the server has carried out its request `number`.

    Number 0 lets it finish. Returns the requests that the server carried out.
    """
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    with wired(server_url) as wire:
        child = processes.Process(target=_run, args=(wire.url, argv))
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


def _run(url: str, argv: list[str]) -> None:
    os.environ["STORAGE_EMULATOR_HOST"] = url
    # The client asks about the bucket in threads of its own, for its traces, and how often depends
    # on which thread comes first. Without them each run makes the same requests in the same order.
    os.environ["DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA"] = "true"
    raise SystemExit(main(argv))
