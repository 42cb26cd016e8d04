"""What every store offers: files by key, and events for each file that is published or removed.

A key is a target's escaped URL path. Callers publish only whole and checked files. A store knows neither where a file
comes from nor who may get it.
"""

import errno
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

LARGEST_BODY = 64 << 10
"""In bytes: a larger file is never held in memory, because many slow clients would need it there at once."""


def etag_of(content: Iterable[bytes]) -> str:
    """Make the ETag of a file from its bytes, or of a zip from its `h1:` hash, alike in all stores.

    The bytes come in pieces. To hash more than `LARGEST_BODY` of them takes long.
    """
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    return digest.hexdigest()[:32]


class NoRoomError(OSError):
    """The bytes of a file have no room; the message says where."""

    def __init__(self, words: str) -> None:
        super().__init__(errno.ENOSPC, words)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Describes a stored file; for a small file, with its bytes."""

    key: str
    size: int
    modified: float
    """When the file was fetched, in seconds since the epoch."""
    etag: str | None
    """Names the content (RFC 9110, section 8.8.3), without quotes; None for a zip without a recorded hash."""
    body: bytes | None = None
    """The whole content; None for a zip, and for another file of more than `LARGEST_BODY` bytes."""
    dirhash: str | None = None
    """The recorded `h1:` hash of a zip; None for other files, and for a zip without a recorded hash."""
    voucher: str = ""
    """Who vouched for the file when it was stored; empty for a file without a record of it."""


class Draft(Protocol):
    """A file that is being written; `Store.get` finds it only after it was published."""

    @property
    def path(self) -> Path | None:
        """The file with the written bytes; None when other processes cannot read it, and after its publication."""
        ...

    @property
    def written(self) -> int:
        """How many bytes the draft has."""
        ...

    async def write(self, data: bytes) -> None:
        """Append. Raises `OSError` when no disk takes the bytes."""
        ...

    def read(self, at: int, most: int) -> bytes:
        """Return at most `most` of the written bytes, from position `at`. Does not block."""
        ...

    def open(self) -> BinaryIO:
        """Return a reader of the whole draft, which stays open when the draft is closed. Blocks; raises `OSError`."""
        ...

    def close(self) -> None:
        """Close the draft, and discard it unless it was published. May be called twice."""
        ...


class StoreListener(Protocol):
    """Is told which files a store has. The store calls it on the event loop, so its methods must not take long."""

    def published(self, key: str, *, copy: bool) -> None:
        """Note that a file was published, as a new file or in place of an older one.

        `copy` says that the fleet has the file elsewhere too: in another replica, or in the object store.
        """
        ...

    def removed(self, key: str) -> None:
        """Note that a file was removed, by `delete` or by an eviction."""
        ...


class Store(Protocol):
    """A place where files are stored by key."""

    async def get(self, key: str) -> StoredFile | None:
        """Look a file up; None when it is not stored. A lookup counts as a use of the file for evictions."""
        ...

    def note_use(self, key: str) -> None:
        """Count a use of a file that `get` found earlier. Does not block."""
        ...

    async def open(self, file: StoredFile) -> BinaryIO:
        """Open a file that `get` has found. Raises `FileNotFoundError` when the file was removed meanwhile."""
        ...

    async def put(
        self, key: str, body: bytes, voucher: str = "", *, copy: bool = False, age: float = 0.0
    ) -> StoredFile | None:
        """Store a small file, which was fetched `age` seconds ago. Listeners are told whether it is a `copy`.

        Returns None when it cannot be stored: then the next request has to fetch it again.

        The store has the file from then on, and does not wait for a disk: a disk that refuses the file later makes the
        store remove it.
        """
        ...

    async def draft(self, size: int | None, first: bytes = b"") -> Draft:
        """Begin a large file of `size` bytes with its first ones; None when the size is not known.

        The bytes are reserved. Raises `OSError` when the file can neither be stored nor passed through, `NoRoomError`
        among them.
        """
        ...

    async def publish(
        self, draft: Draft, key: str, dirhash: str, voucher: str = "", *, copy: bool = False
    ) -> StoredFile | None:
        """Store a zip that was written as a draft of this store, as `put` stores a small file. Returns None when it
        cannot be stored.
        """
        ...

    async def delete(self, key: str) -> None:
        """Remove a file, if it is stored; with a zip, its recorded hash."""
        ...

    def subscribe(self, listener: StoreListener) -> None:
        """Tell the listener of every file that is published or removed from now on."""
        ...
