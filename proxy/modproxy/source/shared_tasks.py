"""Work that several requests wait for is done once."""

import asyncio
import copy
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Any, Generic, TypeVar

from modproxy.source.protocol import SourceError

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class SharedTasks(Generic[K, T]):
    """Runs one task a key at a time. Whoever wants the same meanwhile waits for that task.

    A task goes on when those who wait for it leave.
    """

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[T]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, key: K, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        """Return the task of a key, which is begun when there is none. Its error may stay unread."""
        task = self._tasks.get(key)
        if task is None or task.done():
            task = self._tasks[key] = asyncio.create_task(work(), name=f"shared {key}")
            task.add_done_callback(partial(self._end, key))
        return task

    def _end(self, key: K, task: asyncio.Task[T]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        if not task.cancelled():
            task.exception()

    async def result(self, key: K, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for the task of a key, which is begun when there is none. Raises what the task raises."""
        try:
            return await asyncio.shield(self.begin(key, work))
        except SourceError as e:
            # The error is copied, because an exception that many tasks raise would collect all their tracebacks.
            raise copy.copy(e) from None
