"""What a store of files is, to all who use one: keys and bytes, and word of what comes and goes.

A key is a target's escaped URL path. A file that is there is whole and checked, and a store knows nothing of where a
file comes from or of who may have it.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, Protocol


def etag_of(content: bytes) -> str:
    """Make the ETag of a small file from its bytes, or of a zip from its `h1:` hash: all stores make the same one."""
    return hashlib.sha256(content).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What is known of a file that is held, and, of a small one, its bytes."""

    key: str
    size: int
    modified: float
    """When it was fetched, in seconds since the epoch."""
    etag: str | None
    """Names the content (RFC 9110, 8.8.3), without quotes; None for a zip whose hash was never recorded."""
    body: bytes | None = None
    """The whole content, but of a zip."""
    dirhash: str | None = None
    """The `h1:` hash of a zip, where it was recorded."""


class Listed(NamedTuple):
    """A file as a scan of the store finds it."""

    key: str
    size: int
    modified: float


class Draft(Protocol):
    """A file being written, which nobody finds until it is published."""

    @property
    def written(self) -> int:
        """How many bytes it has."""
        ...

    async def write(self, data: bytes) -> None:
        """Append. Raises `OSError` when no disk takes it."""
        ...

    def read(self, at: int, most: int) -> bytes:
        """Return at most so many of the bytes that were written, from `at` on. It does not block."""
        ...

    def open(self) -> BinaryIO:
        """Return a reader of the whole, for a thread; it stays readable when the draft is closed. Raises `OSError`."""
        ...

    def close(self) -> None:
        """Let go of it; what was not published is gone. May be called twice."""
        ...


class StoreListener(Protocol):
    """Who wants to know what a store holds. It is told on the event loop and must not take long."""

    def published(self, key: str) -> None:
        """A file was put there, be it new or in the place of another."""
        ...

    def removed(self, key: str) -> None:
        """A file went, whoever removed it."""
        ...


class Store(Protocol):
    """A place where files are kept."""

    async def get(self, key: str) -> StoredFile | None:
        """Look a file up. To be found is to be used, which counts when the least recently used has to go."""
        ...

    async def open(self, file: StoredFile) -> BinaryIO:
        """Return a reader of a file that `get` gave. Raises `FileNotFoundError` when it has gone meanwhile."""
        ...

    async def put(self, key: str, body: bytes) -> StoredFile | None:
        """Keep a small file; None when it cannot be kept, which costs the next reader a fetch, and this one nothing."""
        ...

    async def draft(self) -> Draft:
        """Begin a large file. Raises `OSError` when it can neither be kept nor passed through."""
        ...

    async def publish(self, draft: Draft, key: str, dirhash: str) -> StoredFile | None:
        """Keep a zip that was written as a draft of this store; None when it cannot be kept."""
        ...

    async def delete(self, key: str) -> None:
        """Remove a file, if it is held."""
        ...

    def scan(self) -> AsyncIterator[Sequence[Listed]]:
        """Find every file, some hundred at a time; what comes or goes meanwhile may be among them."""
        ...

    def subscribe(self, listener: StoreListener) -> None:
        """Tell the listener of every file that comes or goes from now on."""
        ...
