"""A source in memory: a real `Source` whose answers a test decides."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modproxy.request import Request
from modproxy.source.protocol import Fetched, NotFound, Source, SourceError

Given = bytes | SourceError


class FakeSource:
    """Answers by key with bytes or an error, and with 404 for other keys. `requests` has all requests in their order.

    `pieces` is how many bytes a piece of a body has. `told` is whether the size is announced.
    """

    def __init__(self, answers: dict[str, Given] | None = None, *, origin: str = "fake", told: bool = True) -> None:
        self.answers = dict(answers or {})
        self.requests: list[Request] = []
        self.origin = origin
        self.told = told
        self.pieces = 1 << 16
        self.open = 0
        """How many answers are being read now."""

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        self.requests.append(request)
        answer = self.answers.get(request.target.key, NotFound(f"{request.target}: {self.origin} has none"))
        if isinstance(answer, SourceError):
            raise answer
        self.open += 1
        try:
            yield Fetched(self._body(answer), len(answer) if self.told else None, self.origin)
        finally:
            self.open -= 1

    async def _body(self, answer: bytes) -> AsyncIterator[bytes]:
        for at in range(0, len(answer), self.pieces):
            yield answer[at : at + self.pieces]

    @property
    def keys(self) -> list[str]:
        """The keys of all requests, in their order."""
        return [request.target.key for request in self.requests]


class SlowSource(FakeSource):
    """Begins an answer at once, which sets `begun`, and gives its bytes after `go_on` is set."""

    def __init__(self, answers: dict[str, Given]) -> None:
        super().__init__(answers)
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def _body(self, answer: bytes) -> AsyncIterator[bytes]:
        self.begun.set()
        await self.go_on.wait()
        yield answer


async def read(source: Source, request: Request) -> bytes:
    """Fetch and read a whole answer."""
    async with source.fetch(request) as fetched:
        return b"".join([piece async for piece in fetched.body])
