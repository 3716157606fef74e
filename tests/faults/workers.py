"""The process that answers, which tests watch and kill."""

import psutil

from tests.function.server import WAIT_SECONDS, Server


def worker(server: Server) -> psutil.Process:
    """The one process that gunicorn's master has forked."""
    (found,) = psutil.Process(server.process.pid).children()
    return found


def kill_worker(server: Server) -> None:
    """Kills it; the master forks another, which loads its release anew, as at any start."""
    killed = worker(server)
    killed.kill()
    psutil.wait_procs([killed], timeout=WAIT_SECONDS)
