"""How long a client may take to send its request.

gunicorn's threads read without a time limit: as many slow senders as there are threads would shut
everybody else out. Here a connection takes a thread once something was sent, and when the time for
its request is up, its reading side is shut, which ends the read wherever it waits. Google's front
end passes on whole headers, but a body only as fast as it comes.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gunicorn.workers import gthread  # type: ignore[import-untyped]

_HERE = threading.local()


@dataclass(eq=False, slots=True)
class Arrival:
    """A request on its way in over one of gunicorn's connections; `late` once its time was up."""

    connection: Any
    deadline: float
    late: bool = False


class Patience:
    """The requests of one process that are on their way in, and the thread that cuts late ones."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._changed = threading.Condition()
        self._coming: dict[Arrival, None] = {}  # the oldest first; all are given the same time
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def arrival(self, connection: Any) -> Iterator[None]:
        """While the block runs, a request may arrive in this thread, until `arrived` is called."""
        coming = Arrival(connection, time.monotonic() + self._seconds)
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="patience", daemon=True)
                self._thread.start()
            self._coming[coming] = None
            if len(self._coming) == 1:
                self._changed.notify()
        _HERE.patience, _HERE.coming = self, coming
        try:
            yield
        finally:
            self.end(coming)

    def end(self, coming: Arrival) -> None:
        """This request needs no time any more."""
        with self._changed:
            self._coming.pop(coming, None)

    def _watch(self) -> None:
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._coming)
                oldest = next(iter(self._coming))
                left = oldest.deadline - time.monotonic()
                if left > 0:
                    self._changed.wait(left)
                    continue
                del self._coming[oldest]
                oldest.late = True
                with contextlib.suppress(OSError):  # it has just gone by itself
                    oldest.connection.sock.shutdown(socket.SHUT_RD)


def arrived() -> None:
    """The request of this thread is all here: it may take its time from now on."""
    if hasattr(_HERE, "coming"):
        _HERE.patience.end(_HERE.coming)


def is_late() -> bool:
    """Whether the time for the request of this thread was up before all of it was here."""
    return hasattr(_HERE, "coming") and _HERE.coming.late


def hang_up() -> None:
    """Ends the connection after this thread's answer, and says so in it.

    gunicorn takes no `Connection` header from the function.
    """
    if hasattr(_HERE, "coming"):
        _HERE.coming.connection.parser.mesg.force_close()


def install(seconds: float) -> None:
    """Gives each request `seconds` to arrive; to be called before gunicorn makes its workers."""
    patience = Patience(seconds)
    handle = gthread.ThreadWorker.handle

    def handle_in_time(worker: Any, connection: Any) -> Any:
        if not connection.initialized and not connection.wait_for_data(0):
            return gthread._DEFER  # gunicorn's poller waits for it, and no thread
        with patience.arrival(connection):
            return handle(worker, connection)

    gthread.ThreadWorker.handle = handle_in_time
