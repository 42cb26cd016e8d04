"""Waits for what becomes true a little later, where there is no event to await."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

POLL = 0.02  # seconds


async def eventually(holds: Callable[[], Awaitable[bool] | bool], what: str, seconds: float = 30.0) -> None:
    """Ask until the answer is yes. AssertionError, with `what` was to hold, when it is not yes in time."""
    try:
        async with asyncio.timeout(seconds):
            while not (await answer if isinstance(answer := holds(), Awaitable) else answer):
                await asyncio.sleep(POLL)
    except TimeoutError:
        raise AssertionError(f"not so after {seconds:.0f} s: {what}") from None
