"""The source without any answers: it stands for `off` in a GOPROXY, and for a checksum database that is not served."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modproxy.request import Request
from modproxy.source.protocol import Fetched, NotFound


class Absent:
    """Answers each request with 404 and the reason."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Raise `NotFound`."""
        raise NotFound(f"{request.target}: {self._reason}")
        yield  # pragma: no cover - makes this a generator
