"""The gate before generation: so many at once, so many waiting, and a 429 for the rest."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tinycopy.errors import TooBusy


class Gate:
    """Bounds generations at once and requests that wait, across all threads of a process."""

    def __init__(self, at_once: int, waiting: int, seconds: float) -> None:
        self._turns = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._seconds = seconds

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for a turn and holds it. Raises TooBusy if all places are taken or time is up."""
        if not self._places.acquire(blocking=False):
            raise TooBusy("all places of the queue are taken; ask again", retry_after=1)
        try:
            if not self._turns.acquire(timeout=self._seconds):
                raise TooBusy("no turn came within QUEUE_SECONDS; ask again", retry_after=2)
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()
