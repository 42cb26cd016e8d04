"""The answer of the cache to a request, and how the answer came about."""

from dataclasses import dataclass
from enum import StrEnum

from modproxy.cache.flight import Follower
from modproxy.source.protocol import NotFound
from modproxy.store.protocol import StoredFile


class CacheStatus(StrEnum):
    """How an answer came about: the `cache` label of metrics.

    All but `miss`, `denied` and `none` are hits of the fleet.
    """

    HIT = "hit"
    STALE = "stale"
    NEGATIVE = "negative"
    PEER = "peer"
    OBJECT_STORE = "objectStore"
    MISS = "miss"
    DENIED = "denied"
    NONE = "none"
    """No file was asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Carries what is served from the cache to the server: a checked body, a stored file, or a zip whose fetch is under
    way. An answer without any of them only says that a zip exists.

    Whoever gets an answer must close it.
    """

    status: CacheStatus
    size: int | None
    """In bytes; None while the size is not known."""
    body: bytes | None = None
    """A checked answer, whole."""
    stored: StoredFile | None = None
    """A file of the store; its content may be in `body` too."""
    follower: Follower | None = None
    """A reader of a zip whose fetch is under way, or of a large answer that is not stored."""
    etag: str | None = None
    """Names the content (RFC 9110, section 8.8.3), without quotes; None while the content is not known."""
    age: float = 0.0
    """Seconds since the answer was fetched."""
    voucher: str = ""
    """Who vouches for the answer, as far as this is known yet: see `mod.vouching`."""
    origin: str = ""
    """Who gave the answer, where it was fetched for this request, without credentials."""

    keep: bool = True
    """Whether another replica that gets the answer may keep it."""

    def close(self) -> None:
        """Leave the fetch under way, if there is one, whether its zip was read or not."""
        if self.follower is not None:
            self.follower.close()


class KnownAbsent(NotFound):
    """Says again that something is absent, without asking a source: a negative hit."""
