"""The count of what a disk store has, and the order in which its listeners hear of what comes and goes."""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from modproxy.store.protocol import StoreListener
from modproxy.store.tree import place

_TOLD_AT_ONCE = 500
"""How many files the listeners are told of at once: a million of them would block the event loop."""


class Ledger:
    """Counts the files of a disk store, and tells the listeners of them on the event loop.

    Files change in several threads. A thread changes a file inside `changing`, and notes the change there. So the count
    is right, and the listeners hear of changes in the order in which the changes happened.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.used_bytes = 0
        self.objects = 0
        self.born_ns = 0
        """When this process began. Files that are older are of a former process, and `counted` adds them."""
        self._count_at: list[str] | None = []
        """The place that the count of older files has reached; None once all of them have been counted."""
        self._loop = loop
        self._lock = threading.Lock()
        self._listeners: list[StoreListener] = []
        self._news: deque[tuple[str, bool, bool]] = deque()
        """Keys of which the listeners have not heard yet, whether the file was published, and whether it is a copy."""
        self._telling = False

    def subscribe(self, listener: StoreListener) -> None:
        """Tell the listener of all that is noted from now on."""
        self._listeners.append(listener)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep all other threads from changing a file. What is done inside must be short."""
        with self._lock:
            yield

    def counted(self, key: str, file: os.stat_result) -> None:
        """Add a file of a former process, inside `changing`. No listener hears of it.

        The count must come to files in the order of `place`.
        """
        if file.st_mtime_ns < self.born_ns:
            self.objects += 1
            self.used_bytes += file.st_size
        self._count_at = place(key)

    @property
    def counting(self) -> bool:
        """Whether files of a former process are still to be counted."""
        return self._count_at is not None

    def counted_all(self) -> None:
        """Note that the count has come to its end."""
        with self._lock:
            self._count_at = None

    def published(self, key: str, size: int, replaced: os.stat_result | None) -> None:
        """Count a file, inside `changing`. `replaced` is the file that was there before, None without one."""
        self.used_bytes += size
        self.objects += 1
        if replaced is not None:
            self._subtract(key, replaced)

    def tell(self, key: str, *, published: bool, copy: bool = False) -> None:
        """Tell the listeners that the store has a file, or has it no longer. Only the event loop may call it.

        They hear of it at once, unless they have not heard of earlier changes yet.
        """
        with self._lock:
            if self._telling:
                self._note(key, published, copy)
                return
        self._tell_one(key, published, copy)

    def removed(self, key: str, file: os.stat_result, *, told: bool) -> None:
        """Note that a file has gone, inside `changing`. `told` is false where no listener has to hear of it."""
        self._subtract(key, file)
        if told:
            self._note(key, False, False)

    def _subtract(self, key: str, file: os.stat_result) -> None:
        """Count a file no longer, unless it is an older file that the count has not reached and never will find."""
        old = file.st_mtime_ns < self.born_ns
        if old and self._count_at is not None and place(key) > self._count_at:
            return
        self.used_bytes -= file.st_size
        self.objects -= 1

    def _note(self, key: str, published: bool, copy: bool) -> None:
        if not self._listeners:
            return
        self._news.append((key, published, copy))
        if not self._telling:
            self._telling = True
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        for _ in range(_TOLD_AT_ONCE):
            with self._lock:
                if not self._news:
                    self._telling = False
                    return
                key, published, copy = self._news.popleft()
            self._tell_one(key, published, copy)
        self._loop.call_soon(self._tell)

    def _tell_one(self, key: str, published: bool, copy: bool) -> None:
        for listener in self._listeners:
            if published:
                listener.published(key, copy=copy)
            else:
                listener.removed(key)
