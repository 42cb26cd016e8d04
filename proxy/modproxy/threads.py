"""Pools of threads, one for each kind of blocking work, so that slow work of one kind holds up no work of another."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Pool:
    """Runs blocking functions off the event loop, at most `threads` of them at once; the others wait their turn."""

    def __init__(self, name: str, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Run the function with its arguments, and return what it returns or raise what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *args)

    def close(self) -> None:
        """End the threads once what they are doing is done. Blocks."""
        self._executor.shutdown()
