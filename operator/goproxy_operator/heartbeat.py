"""Signs of life of what must never stand still: if one is missing, `/healthz` says so and the process is replaced.

An API server that does not answer is no such reason: a loop that tries again in vain is alive.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LIMIT = 300.0
"""Seconds; longer than any call, any back-off and any silence of a watch together."""


class Heartbeats:
    """Knows who is alive, by name. It may be used from any thread; `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, limit: float = LIMIT) -> None:
        self._clock = clock
        self._limit = limit
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    def beat(self, name: str) -> None:
        """Take note that the named loop is alive. It has to beat again and again from now on, until its `end`."""
        with self._lock:
            self._last[name] = self._clock()

    def end(self, name: str) -> None:
        """Take note that the named loop has ended, as it should."""
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
        """Return what has not beaten for too long."""
        now = self._clock()
        with self._lock:
            return sorted(name for name, last in self._last.items() if now - last > self._limit)


HEARTBEATS = Heartbeats()
"""The heartbeats of this process."""
