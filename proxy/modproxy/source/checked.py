"""The check of small answers: they are read whole and checked before a client gets their first byte."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modproxy.mod.answer import LONGEST_SMALL_ANSWER, AnswerError, check_answer
from modproxy.mod.target import Kind, Target
from modproxy.request import Request
from modproxy.source.protocol import Fetched, Source, Unavailable, once


class Checked:
    """Checks the `.info`, `.mod`, list and `@latest` answers of another source. A wrong answer counts as an outage.

    Zips pass unchecked: `cache.flight` checks them, because their check needs the whole file.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the wrapped source's answer. Raises `Unavailable` (502) for an answer that does not fit its target."""
        target = request.target
        async with self._source.fetch(request) as fetched:
            if target.kind is Kind.ZIP or not isinstance(target, Target):
                yield fetched
                return
            body = await read_small(fetched)
        try:
            body = check_answer(target, body)
        except AnswerError as e:
            raise Unavailable(f"{target}: the answer of {fetched.origin} is refused: {e}") from None
        yield Fetched(once(body), len(body), fetched.origin)


async def read_small(fetched: Fetched) -> bytes:
    """Read a small answer whole. Of an answer that is too large, enough is read for the check to notice."""
    parts = bytearray()
    async for chunk in fetched.body:
        parts += chunk
        if len(parts) > LONGEST_SMALL_ANSWER:
            break
    return bytes(parts)
