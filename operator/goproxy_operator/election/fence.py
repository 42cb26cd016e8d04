"""No write leaves while it is not certain that the Lease is ours.

Cancelling the work is not enough: a process that was frozen, or whose loop was kept busy, would send what it was about
to send before it gets to notice. So each write asks, at the last moment, for how long the Lease is still certain.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_LAST_ANSWER = 1.0
"""Seconds for which a write that has left is waited for when the work ends: it has to be over before another leads."""


class NotHeldError(Exception):
    """The Lease may be another's by now, so nothing is written."""


class Fence:
    """Lets a write pass only while this process is certain to hold the Lease.

    `remaining` says for how many seconds that is certain.
    """

    def __init__(self, remaining: Callable[[], float]) -> None:
        self._remaining = remaining

    async def write(self, send: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Send a write and return its answer. Raises `NotHeldError` while the Lease is not certain to be ours."""

        async def send_now() -> T:
            # This is checked in the task itself, because time may have passed before its turn came.
            if self._remaining() <= 0:
                raise NotHeldError("the Lease is not certain to be ours: not sent")
            return await send()

        sending = asyncio.ensure_future(send_now())
        sending.add_done_callback(_take_note)
        try:
            while not sending.done():
                if (left := self._remaining()) <= 0:
                    raise NotHeldError("the Lease is not certain to be ours any more: not waited for")
                await asyncio.wait({sending}, timeout=left)
            return sending.result()
        except asyncio.CancelledError:
            await asyncio.wait({sending}, timeout=min(_LAST_ANSWER, max(self._remaining(), 0)))
            raise
        finally:
            sending.cancel()


def _take_note(done: asyncio.Future[Any]) -> None:
    """Look at how a write ended, so that asyncio does not log an answer that nobody waits for any more."""
    if not done.cancelled():
        done.exception()
