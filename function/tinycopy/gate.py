"""The gate before generation: so many at once, so many waiting in line, and a 429 for the rest."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from tinycopy.errors import TooBusy


class Gate:
    """Bounds generations at once and requests that wait, across all threads of a process.

    First come, first served: a turn that ends is handed to whoever has waited longest, so nobody
    waits while a turn is free.
    """

    def __init__(self, at_once: int, waiting: int, seconds: float) -> None:
        self._changing = threading.Lock()
        self._free = at_once
        self._line: deque[threading.Event] = deque()
        self._places = waiting
        self._seconds = seconds

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for a turn and holds it. Raises TooBusy if all places are taken or time is up."""
        self._take()
        try:
            yield
        finally:
            self._pass_on()

    def _take(self) -> None:
        with self._changing:
            if self._free:
                self._free -= 1
                return
            if len(self._line) >= self._places:
                raise TooBusy("all places of the queue are taken; ask again", retry_after=1)
            mine = threading.Event()
            self._line.append(mine)
        if mine.wait(self._seconds):
            return
        with self._changing:
            if mine.is_set():  # handed over just as the time was up
                return
            self._line.remove(mine)
        raise TooBusy("no turn came within QUEUE_SECONDS; ask again", retry_after=2)

    def _pass_on(self) -> None:
        with self._changing:
            if self._line:
                self._line.popleft().set()
            else:
                self._free += 1
