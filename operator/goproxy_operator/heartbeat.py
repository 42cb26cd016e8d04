"""Heartbeats of the loops that must never stand still. If one is missing, `/healthz` says so, and the process restarts.

An API server that does not answer stops no heartbeat: a loop that tries again is alive.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LIMIT = 300.0
"""Seconds. It is longer than a call, a back-off and the silence of a watch together."""


class Heartbeats:
    """Finds loops that are stuck, by their names. Any thread may use it; `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, limit: float = LIMIT) -> None:
        self._clock = clock
        self._limit = limit
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    def beat(self, name: str) -> None:
        """Note that `name` is alive. After its first beat it has to beat again and again, until `end`."""
        with self._lock:
            self._last[name] = self._clock()

    def end(self, name: str) -> None:
        """Note that `name` has ended in order."""
        with self._lock:
            self._last.pop(name, None)

    @contextmanager
    def during(self, name: str) -> Iterator[None]:
        """Expect the block to end in time."""
        self.beat(name)
        try:
            yield
        finally:
            self.end(name)

    def stuck(self) -> list[str]:
        """Return the names that have been silent for too long."""
        now = self._clock()
        with self._lock:
            return sorted(name for name, last in self._last.items() if now - last > self._limit)


HEARTBEATS = Heartbeats()
"""The heartbeats of this process."""
