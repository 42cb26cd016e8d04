"""The check of small answers: they are read whole and checked before a client gets their first byte."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from modproxy.mod.answer import AnswerError, check_answer, largest_answer
from modproxy.mod.target import Kind, Target
from modproxy.mod.vouching import CameFrom, voucher
from modproxy.request import Request
from modproxy.room import Reservation, Room
from modproxy.source.protocol import ASK_AGAIN_SECONDS, Fetched, OwnTrouble, Source, Unavailable, once

_READ_AT_ONCE = 32 << 10
"""Bytes that are worked on in the event loop, for a millisecond at most. Work on more happens in a thread."""
LARGE_ANSWERS_BYTES = 256 << 20
"""The memory for all large answers of one replica that are fetched at once: sixteen of the largest go.mod files."""
T = TypeVar("T")


class Checked:
    """Checks the `.info`, `.mod`, list and `@latest` answers of another source. A wrong answer counts as an outage.

    `comes_from` says where its answers come from; None where they say it themselves. `memory` is the room for all large
    answers that are held at once.
    Zips pass unchecked: `cache.flight` checks them, because their check needs the whole file.
    """

    def __init__(self, source: Source, comes_from: CameFrom | None, memory: Room) -> None:
        self._source = source
        self._memory = memory
        self._voucher = voucher(comes_from) if comes_from is not None else None

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the wrapped source's answer.

        Raises `Unavailable`: 502 for an answer that does not fit its target, 503 when too many large ones are held.
        """
        target = request.target
        held = Reservation(self._memory)
        try:
            async with self._source.fetch(request) as fetched:
                if target.kind is Kind.ZIP or not isinstance(target, Target):
                    yield replace(fetched, voucher=self._vouched(fetched))
                    return
                body = await read_small(fetched, largest_answer(target.kind), held)
            try:
                body = await off_the_loop(partial(check_answer, target), body)
            except AnswerError as e:
                raise Unavailable(f"{target}: the answer of {fetched.origin} is refused: {e}") from None
            yield replace(fetched, body=once(body), size=len(body), voucher=self._vouched(fetched))
        finally:
            held.release()

    def _vouched(self, fetched: Fetched) -> str:
        return fetched.voucher if self._voucher is None else self._voucher


async def read_small(fetched: Fetched, largest: int, held: Reservation | None = None) -> bytes:
    """Read a small answer whole. Of an answer that is larger than `largest`, enough is read for the check to notice.

    `held` grows with an answer that is large. Raises `Unavailable` (503) when it cannot.
    """
    parts = bytearray()
    async for chunk in fetched.body:
        parts += chunk[: largest + 1 - len(parts)]
        if len(parts) > largest:
            break
        if held is not None and len(parts) > _READ_AT_ONCE and not held.grow_to(len(parts)):
            reason = f"{fetched.origin} sends large answers, and this replica holds many others: ask again later"
            raise OwnTrouble(reason, 503, retry_after=ASK_AGAIN_SECONDS)
    return bytes(parts)


async def off_the_loop(function: Callable[[bytes], T], body: bytes) -> T:
    """Return what the function makes of a small answer. A large one is worked on in a thread."""
    return function(body) if len(body) <= _READ_AT_ONCE else await asyncio.to_thread(function, body)
