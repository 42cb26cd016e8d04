"""Pools of threads: each kind of blocking work has its own, so that slow work of one kind does not delay the others."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Pool:
    """Runs blocking functions off the event loop, at most `threads` of them at once; the others wait in a queue."""

    def __init__(self, name: str, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Run the function in a thread. Returns what the function returns, and raises what the function raises."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *args)

    def close(self) -> None:
        """Wait until the functions under way and in the queue have ended, and end the threads. Blocks."""
        self._executor.shutdown()
