"""What the cache answers with, and how the answer came about."""

from dataclasses import dataclass
from enum import StrEnum

from modproxy.cache.flight import Follower
from modproxy.source.protocol import NotFound
from modproxy.store.protocol import StoredFile


class CacheStatus(StrEnum):
    """How an answer came about: the `cache` label of metrics. All but miss and denied are hits of the fleet."""

    HIT = "hit"
    STALE = "stale"
    NEGATIVE = "negative"
    PEER = "peer"
    MISS = "miss"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Answer:
    """What to serve: a body that is checked, a file that is held, or a zip whose fetch is under way. Close it."""

    status: CacheStatus
    size: int | None
    """In bytes; None while it is not known."""
    body: bytes | None = None
    stored: StoredFile | None = None
    follower: Follower | None = None
    etag: str | None = None
    """Names the content (RFC 9110, 8.8.3), without quotes; None while it is not known."""
    age: float = 0.0
    """Seconds since it was fetched."""

    def close(self) -> None:
        """Let go of a fetch under way, read or not."""
        if self.follower is not None:
            self.follower.close()


class KnownAbsent(NotFound):
    """What a source said a moment ago still stands: a negative hit."""
