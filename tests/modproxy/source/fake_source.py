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


class RoundsSource(FakeSource):
    """Answers in rounds: all requests that come before the next answer wait, and are then answered together.

    `rounds` counts how many requests had to be made one after the other.
    """

    def __init__(self, answers: dict[str, Given] | None = None) -> None:
        super().__init__(answers)
        self.rounds = 0
        self._round: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        if self._round is None:
            self._round = asyncio.create_task(self._next_round())
        await asyncio.shield(self._round)
        async with super().fetch(request) as fetched:
            yield fetched

    async def _next_round(self) -> None:
        for _ in range(100):  # more turns of the loop than any caller needs to make its next request
            await asyncio.sleep(0)
        self.rounds += 1
        self._round = None


async def read(source: Source, request: Request) -> bytes:
    """Fetch and read a whole answer."""
    async with source.fetch(request) as fetched:
        return b"".join([piece async for piece in fetched.body])
