"""A file being written: in the cache's own drafts, or, when that disk takes no more, in the machine's temporary folder,
from where it is served to those who wait and then forgotten.
"""

import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

_COPY = 1 << 20

Run = Callable[..., Awaitable[object]]
"""Runs a blocking function, with its arguments, off the event loop."""


class Draft:
    """A file that nobody sees until it is published. `written` counts bytes; `fd` stays the same number all along.

    `path` is None once it can only be served, not kept; `refusal` is the error that made it so, if one did.
    """

    def __init__(self, path: Path | None, fd: int, run: Run) -> None:
        self.path = path
        self.fd = fd
        self.refusal: OSError | None = None
        self.written = 0
        self._run = run

    async def write(self, data: bytes) -> None:
        """Append. A disk that refuses is left for the temporary folder; raises `OSError` when that refuses too."""
        try:
            await self._run(write_all, self.fd, data)
        except OSError as e:
            if self.path is None:
                raise
            self.refusal = e
            await self._run(self._move_away, data)
        self.written += len(data)

    def _move_away(self, data: bytes) -> None:
        """Go on in the temporary folder. Readers hold the descriptor's number, so that stays."""
        with tempfile.TemporaryFile() as spooled:
            at = 0
            while at < self.written:  # what a refused write left behind does not count
                piece = os.pread(self.fd, min(_COPY, self.written - at), at)
                write_all(spooled.fileno(), piece)
                at += len(piece)
            write_all(spooled.fileno(), data)
            os.dup2(spooled.fileno(), self.fd, inheritable=False)
        self._unlink()

    def _unlink(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            self.path = None

    def close(self) -> None:
        """Close the file and remove it, unless it was published. May be called twice."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        self._unlink()


def write_all(fd: int, data: bytes) -> None:
    """Write all of it. Blocks; raises `OSError`."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def spool(run: Run) -> Draft:
    """Begin a draft that can only be served. Blocks; raises `OSError`."""
    with tempfile.TemporaryFile() as file:
        return Draft(None, os.dup(file.fileno()), run)
