"""The protocol of every source, and the errors of a source that has no answer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from modproxy.request import Request


class Tier(StrEnum):
    """Says how far an answer had to be fetched."""

    UPSTREAM = "upstream"
    """From outside of the fleet."""
    PEER = "peer"
    """From another replica of the fleet, for which no request left the fleet."""
    OBJECT_STORE = "objectStore"
    """From the object store of the fleet."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Carries an answer that is under way."""

    body: AsyncIterator[bytes]
    size: int | None
    """How many bytes the body has; None when the source does not announce it."""
    origin: str
    """Who gives the answer, without credentials, for logs and messages."""
    voucher: str = ""
    """Who vouches for the answer, which is kept with it: see `mod.vouching`."""
    keep: bool = True
    """Whether the answer may be kept. An answer that nobody could prove is passed on, and not kept."""
    tier: Tier = Tier.UPSTREAM
    copy: bool = False
    """Whether the fleet has the answer elsewhere too, although it was fetched from outside for this request."""
    age: float = 0.0
    """Seconds since the answer was fetched from outside of the fleet (RFC 9111, section 5.1)."""
    check_dirhash: Callable[[str], Awaitable[None]] | None = None
    """Called with a zip's `h1:` hash before the zip is published. It raises `SourceError` to forbid the publication."""


async def once(body: bytes) -> AsyncIterator[bytes]:
    """Make the body of a `Fetched` from bytes in memory."""
    yield body


ASK_AGAIN_SECONDS = "10"
"""The Retry-After header of an answer that this replica has no room to fetch now."""


class SourceError(Exception):
    """A source has no answer; the message is the reason, in words for the client's terminal."""

    status = 502
    """The HTTP status for the client."""

    def __init__(self, reason: str, *, cause: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause
        """Names what failed, without the target: failures of one cause are one trouble, which a log need not tell each
        time. None where only the target's host tells one trouble from another.
        """


class NotFound(SourceError):
    """The source says that the target does not exist (404 or 410). The go command then asks its next proxy."""

    def __init__(self, reason: str, status: int = 404, *, cause: str | None = None, age: float | None = None) -> None:
        super().__init__(reason, cause=cause)
        self.status = status
        self.age = age
        """Seconds since another replica has learnt of the absence, where that replica remembered it; else None."""


class NotHeld(NotFound):
    """What is asked for is not held, and the request allows no fetch. This says nothing of whether it exists."""


class Unpublished(NotFound):
    """No such version is published to this fleet. It may be published at any moment, so nothing of this is remembered.

    `by` says who has deleted it, for those who may know names.
    """

    def __init__(self, reason: str, status: int = 404, *, by: str = "") -> None:
        super().__init__(reason, status)
        self.by = by


class Denied(SourceError):
    """The source refuses to serve the target (403)."""

    status = 403


class Unavailable(SourceError):
    """The source gave no usable answer (502, 503, 504, or 508 for a loop).

    This does not mean that the target is absent.
    """

    def __init__(
        self, reason: str, status: int = 502, retry_after: str | None = None, *, cause: str | None = None
    ) -> None:
        super().__init__(reason, cause=cause)
        self.status = status
        self.retry_after = retry_after
        """The Retry-After header of upstream, if there was one."""


class NoAnswer(Unavailable):
    """The source could not be reached, or said nothing within its time."""


class OwnTrouble(Unavailable):
    """This replica itself cannot fetch the answer now. Another replica may be able to."""


class Unfit(Unavailable):
    """What was sent is not what it has to be: whoever has sent it would send it again."""


class Mismatch(Unfit):
    """An answer contradicts the checksum database, or the database contradicts itself: a security event."""


class Source(Protocol):
    """A place where answers come from, or a rule around another source."""

    def fetch(self, request: Request) -> AbstractAsyncContextManager[Fetched]:
        """Request the target. Leaving the context ends the answer, whether its body was read or not.

        Entering raises `SourceError`. Reading the body raises it too, when the body breaks off.
        """
        ...
