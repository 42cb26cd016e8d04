"""Small answers are read whole and checked before anybody sees their first byte."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modproxy.mod.answer import LONGEST_SMALL_ANSWER, AnswerError, check_answer
from modproxy.mod.target import Kind, Target
from modproxy.request import Request
from modproxy.source.protocol import Fetched, Source, Unavailable, once


class Checked:
    """Checks what another source gives: `.info`, `.mod`, lists and `@latest`. A wrong answer counts as none.

    Zips pass through: they are checked where they are stored, because that takes the whole file.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Give the wrapped source's answer, or raise `Unavailable` (502) for one that is not what was asked for."""
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
    """Read a small answer whole; of one that is too large, just enough for its check to say so."""
    parts = bytearray()
    async for chunk in fetched.body:
        parts += chunk
        if len(parts) > LONGEST_SMALL_ANSWER:
            break
    return bytes(parts)
