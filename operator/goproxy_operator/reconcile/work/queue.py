"""The queue of objects to look at: each at most once, never by two workers, later after a failure."""

import asyncio
import heapq
from collections.abc import Callable, Hashable
from random import uniform
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
_MOST_DOUBLINGS = 30
"""More make no pause longer. An object may be refused for months, and 2 to the power of 1024 is no float."""


class Queue(Generic[K]):
    """Hands out the keys that are due, each to one worker at a time. All times are in seconds of `clock`.

    A key that is added again while a worker has it comes back when the worker is done, so that no change is missed.
    Source of the design: client-go's workqueue.
    """

    FIRST_RETRY = 0.5
    LONGEST_RETRY = 300.0

    def __init__(self, clock: Callable[[], float], jitter: Callable[[], float] = lambda: uniform(0.8, 1.2)) -> None:  # noqa: S311
        self._clock = clock
        self._jitter = jitter
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._added = 0
        self._busy: set[K] = set()
        self._failures: dict[K, int] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        """Return how many keys are due now or overdue."""
        now = self._clock()
        return sum(due <= now for due in self._due.values())

    def age(self) -> float:
        """Return for how many seconds the key that waits longest has been due; 0 where no key waits."""
        return max(self._clock() - min(self._due.values(), default=self._clock()), 0.0)

    def add(self, key: K, delay: float = 0.0) -> None:
        """Make the key due after `delay`, or sooner if it already is."""
        due = self._clock() + delay
        if self._due.get(key, float("inf")) <= due:
            return
        self._due[key] = due
        if key not in self._busy:
            self._push(key)

    def take(self) -> K | None:
        """Return a key that is due, for the worker to hand back with `done`; None when no key is due."""
        while self._heap:
            due, _, key = self._heap[0]
            if key in self._busy or self._due.get(key) != due:
                heapq.heappop(self._heap)  # overtaken by an earlier time
            elif due > self._clock():
                return None
            else:
                heapq.heappop(self._heap)
                del self._due[key]
                self._busy.add(key)
                return key
        return None

    def done(self, key: K, *, failed: bool = False, least: float = 0.0, most: float = LONGEST_RETRY) -> float | None:
        """Hand a key back. After a failure it comes back by itself, in the returned time, each time later.

        `least` and `most` bound that time.
        """
        pause = None
        if failed:
            count = self._failures.get(key, 0)
            self._failures[key] = count + 1
            pause = max(min(self.FIRST_RETRY * 2 ** min(count, _MOST_DOUBLINGS), most) * self._jitter(), least)
            self.add(key, pause)
        else:
            self._failures.pop(key, None)
        self._busy.discard(key)
        if key in self._due:
            self._push(key)
        return pause

    async def get(self) -> K:
        """Wait for a key that is due."""
        while (key := self.take()) is None:
            self._changed.clear()
            pause = max(self._heap[0][0] - self._clock(), 0) if self._heap else None
            try:
                async with asyncio.timeout(pause):
                    await self._changed.wait()
            except TimeoutError:
                continue
        return key

    def _push(self, key: K) -> None:
        self._added += 1  # keys need no order among themselves
        heapq.heappush(self._heap, (self._due[key], self._added, key))
        self._changed.set()
