"""The count of what a disk store has, and the order in which its listeners hear of what comes and goes."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from modproxy.store.protocol import StoreListener

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
        self._loop = loop
        self._lock = threading.Lock()
        self._listeners: list[StoreListener] = []
        self._news: deque[tuple[str, bool]] = deque()
        """Keys of which the listeners have not heard yet, and whether the file was published."""
        self._telling = False

    def subscribe(self, listener: StoreListener) -> None:
        """Tell the listener of all that is noted from now on."""
        self._listeners.append(listener)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep all other threads from changing a file. What is done inside must be short."""
        with self._lock:
            yield

    def counted(self, objects: int, size: int) -> None:
        """Add files of a former process, of which no listener hears."""
        with self._lock:
            self.objects += objects
            self.used_bytes += size

    def published(self, key: str, size: int, replaced: int | None, *, told: bool) -> None:
        """Note a file, inside `changing`. `replaced` is the size of the file that was there before, None without one.

        `told` is false for files of which no listener has to hear.
        """
        self.used_bytes += size - (replaced or 0)
        self.objects += replaced is None
        if told:
            self._note(key, True)

    def removed(self, key: str, size: int, *, told: bool) -> None:
        """Note that a file has gone, inside `changing`."""
        self.used_bytes -= size
        self.objects -= 1
        if told:
            self._note(key, False)

    def _note(self, key: str, published: bool) -> None:
        if not self._listeners:
            return
        self._news.append((key, published))
        if not self._telling:
            self._telling = True
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        for _ in range(_TOLD_AT_ONCE):
            with self._lock:
                if not self._news:
                    self._telling = False
                    return
                key, published = self._news.popleft()
            for listener in self._listeners:
                if published:
                    listener.published(key)
                else:
                    listener.removed(key)
        self._loop.call_soon(self._tell)
