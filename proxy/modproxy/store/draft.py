"""A file being written: in the cache's own drafts, or, when that disk takes no more, in the machine's temporary folder,
from where it is served to those who wait and then forgotten.
"""

import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from modproxy.threads import Pool

_COPY = 1 << 20


class DiskDraft:
    """A `Draft` of a disk store. `path` is None once the draft can only be served; `refusal` is the error that made it
    so, if one did. `fd` stays the same number all along.
    """

    def __init__(self, path: Path | None, fd: int, pool: Pool) -> None:
        self.path = path
        self.fd = fd
        self.refusal: OSError | None = None
        self._written = 0
        self._pool = pool

    @property
    def written(self) -> int:
        """How many bytes it has."""
        return self._written

    async def write(self, data: bytes) -> None:
        """Append. A disk that refuses is left for the temporary folder; raises `OSError` when that refuses too."""
        try:
            await self._pool.run(_write_all, self.fd, data)
        except OSError as e:
            if self.path is None:
                raise
            self.refusal = e
            await self._pool.run(self._move_away, data)
        self._written += len(data)

    def read(self, at: int, most: int) -> bytes:
        """Return bytes that were just written, so they are in the page cache, and no thread is needed."""
        return os.pread(self.fd, most, at)

    def open(self) -> BinaryIO:
        """Return a reader of the whole, which shares nothing with `read`. Blocks; raises `OSError`."""
        file = os.fdopen(os.dup(self.fd), "rb")
        file.seek(0)
        return file

    def _move_away(self, data: bytes) -> None:
        """Go on in the temporary folder. Readers hold the descriptor's number, so that stays."""
        with tempfile.TemporaryFile() as spooled:
            at = 0
            while at < self._written:  # what a refused write left behind does not count
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
        """Close the file and remove it, unless it was published."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        self._unlink()


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def spool(pool: Pool) -> DiskDraft:
    """Begin a draft that can only be served. Blocks; raises `OSError`."""
    with tempfile.TemporaryFile() as file:
        return DiskDraft(None, os.dup(file.fileno()), pool)
