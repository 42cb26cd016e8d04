"""Many pieces of work at once, but not too many."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import TypeVar

AT_ONCE = 16
"""Requests at once: as many as some go commands that work side by side."""
Item = TypeVar("Item")
Result = TypeVar("Result")


async def together(
    items: Iterable[Item], work: Callable[[Item], Coroutine[object, object, Result]]
) -> AsyncIterator[Result]:
    """Yield what the work returns for each item, in the order in which it ends. The first error of it is raised."""
    waiting = iter(items)
    running: set[asyncio.Task[Result]] = set()
    try:
        while True:
            while len(running) < AT_ONCE and (item := next(waiting, None)) is not None:
                running.add(asyncio.create_task(work(item)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            # An error is raised after all that has ended was looked at, so that no error is left unseen.
            for result in [task.result() for task in sorted(done, key=lambda task: task.exception() is None)]:
                yield result
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
