"""Drafts of a disk store: files that are being written.

A draft is below the cache directory. When that disk refuses writes, the draft is in the machine's temporary folder
instead: from there it is served to the clients that wait for it, and it is never published.
"""

import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from modproxy.threads import Pool

_COPY = 1 << 20


class DiskDraft:
    """A `Draft` of a disk store."""

    def __init__(self, path: Path | None, fd: int, pool: Pool) -> None:
        self.path = path
        """Where the draft is; None for a draft that can only be served, and after the draft was published."""
        self.fd = fd
        """The open file. The number stays the same until the draft is closed; after that it is -1."""
        self.refusal: OSError | None = None
        """Why the draft moved to the temporary folder, if it did."""
        self._written = 0
        self._pool = pool

    @property
    def written(self) -> int:
        """How many bytes the draft has."""
        return self._written

    async def write(self, data: bytes) -> None:
        """Append, and move to the temporary folder if the disk refuses.

        Raises `OSError` when that folder refuses too.
        """
        try:
            await self._pool.run(_write_all, self.fd, data)
        except OSError as e:
            if self.path is None:
                raise
            self.refusal = e
            await self._pool.run(self._move_away, data)
        self._written += len(data)

    def read(self, at: int, most: int) -> bytes:
        """Return at most `most` bytes from position `at`. They were just written, so they are in the page cache, and
        reading them needs no thread.
        """
        return os.pread(self.fd, most, at)

    def open(self) -> BinaryIO:
        """Return a reader of the whole draft, at its beginning. Blocks; raises `OSError`."""
        file = os.fdopen(os.dup(self.fd), "rb")
        file.seek(0)
        return file

    def _move_away(self, data: bytes) -> None:
        """Move to the temporary folder. The number of the descriptor stays, because `read` uses it meanwhile."""
        with tempfile.TemporaryFile() as spooled:
            at = 0
            while at < self._written:  # the bytes of a refused write are not copied
                piece = os.pread(self.fd, min(_COPY, self._written - at), at)
                _write_all(spooled.fileno(), piece)
                at += len(piece)
            _write_all(spooled.fileno(), data)
            os.dup2(spooled.fileno(), self.fd, inheritable=False)
        self._unlink()

    def _unlink(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            self.path = None

    def close(self) -> None:
        """Close the draft, and remove it unless it was published. May be called twice."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        self._unlink()


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def spool(pool: Pool) -> DiskDraft:
    """Begin a draft in the temporary folder, which can only be served. Blocks; raises `OSError`."""
    with tempfile.TemporaryFile() as file:
        return DiskDraft(None, os.dup(file.fileno()), pool)
