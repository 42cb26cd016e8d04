"""What every source obeys, and the errors by which it says that it has no answer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from modproxy.request import Request


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer under way: its bytes, how many there will be (None: not told), and who gave it, fit for a log.

    `check_dirhash` is called with a zip's `h1:` hash before the zip is published; it raises `SourceError` to forbid it.
    """

    body: AsyncIterator[bytes]
    size: int | None
    origin: str
    check_dirhash: Callable[[str], Awaitable[None]] | None = None


async def once(body: bytes) -> AsyncIterator[bytes]:
    """Make the body of a `Fetched` from bytes at hand."""
    yield body


class SourceError(Exception):
    """No answer. `status` is the HTTP status for the client, the message the reason, fit for its terminal."""

    status = 502

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotFound(SourceError):
    """The source says that there is no such thing: 404 or 410. The client may ask elsewhere."""

    def __init__(self, reason: str, status: int = 404) -> None:
        super().__init__(reason)
        self.status = status


class Denied(SourceError):
    """The source refuses to give it (403)."""

    status = 403


class Unavailable(SourceError):
    """The source gave no usable answer: 502, 503, 504, or 508 for a loop. Never to be taken for an absence."""

    def __init__(self, reason: str, status: int = 502, retry_after: str | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after = retry_after


class Mismatch(Unavailable):
    """What came is not what the checksum database vouches for, or the database contradicts itself: a security event."""


class Source(Protocol):
    """A place where answers come from."""

    def fetch(self, request: Request) -> AbstractAsyncContextManager[Fetched]:
        """Ask for the request's target; leaving the context lets go of the answer, read or not.

        Entering raises `SourceError`; so does reading the body, when the body breaks off.
        """
        ...
