"""Pools of threads: each kind of blocking work has its own, so that slow work of one kind does not delay the others."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Pool:
    """Runs blocking functions off the event loop, at most `threads` of them at once; the others wait in a queue."""

    def __init__(self, name: str, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    def begin(self, function: Callable[..., T], *args: object) -> asyncio.Future[T]:
        """Begin to run the function in a thread. To cancel the future does not end a function that has begun."""
        return asyncio.wrap_future(self._executor.submit(function, *args))

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Run the function in a thread. Returns what the function returns, and raises what the function raises.

        A caller that is cancelled waits until the function has ended, because the function may use what the caller is
        about to close: a file descriptor that is closed too early may soon be the number of another file. A function
        that still waits in the queue is left out.
        """
        job = self._executor.submit(function, *args)
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            await _ended(job)
            raise

    def leave(self) -> None:
        """Begin nothing any more, and do not wait for what is under way."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Wait until the functions under way and in the queue have ended, and end the threads. Blocks."""
        self._executor.shutdown()


async def _ended(job: Future[T]) -> None:
    """Wait until a function has ended, however often the caller is cancelled."""
    while not job.done():
        try:
            await asyncio.wait([asyncio.wrap_future(job)])
        except asyncio.CancelledError:
            continue
