"""Drafts of a disk store: files that are being written.

A draft is below the cache directory. When that disk refuses writes, or the cache has no room, the draft is in the
machine's temporary folder instead (the spool): from there it is served to the clients that wait for it, and it is never
published. The bytes of a draft are reserved before they are written, in either place.
"""

import os
import tempfile
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from modproxy.room import Reservation, Room
from modproxy.store.files import write_all
from modproxy.store.protocol import NoRoomError
from modproxy.threads import Pool

_COPY = 1 << 20
CACHE_IS_FULL = "the cache has no room for it"
SPOOL_IS_FULL = "the replica's temporary folder has no room for it: ask again later"


class DiskDraft:
    """A `Draft` of a disk store.

    `file` is open for reading and writing, has `written` bytes, and belongs to the draft. `held` are the bytes that are
    reserved where the draft is, and `spool` is the room of the temporary folder.
    """

    def __init__(
        self, path: Path | None, file: FileIO, pool: Pool, held: Reservation, spool: Room, *, written: int = 0
    ) -> None:
        self.path = path
        """Where the draft is; None for a draft that can only be served, and after the draft was published."""
        self.fd = file.fileno()
        """The number of the open file, which stays the same until the draft is closed."""
        self._file = file
        self.refusal: OSError | None = None
        """Why the draft moved to the temporary folder, if it did."""
        self._held = held
        self._spool = spool
        self._written = written
        self._pool = pool

    @property
    def written(self) -> int:
        """How many bytes the draft has."""
        return self._written

    async def write(self, data: bytes) -> None:
        """Append, and move to the temporary folder if the disk refuses or the cache has no room.

        Raises `OSError` when that folder refuses too, `NoRoomError` among them.
        """
        if not self._held.grow_to(self._written + len(data)):
            await self._move(data, NoRoomError(CACHE_IS_FULL))
        else:
            try:
                await self._pool.run(write_all, self.fd, data)
            except OSError as e:
                await self._move(data, e)
        self._written += len(data)

    async def _move(self, data: bytes, why: OSError) -> None:
        if self.path is None:
            raise why if not isinstance(why, NoRoomError) else NoRoomError(SPOOL_IS_FULL)
        room = self._spool.reserve(max(self._held.size, self._written + len(data)))
        if room is None:
            raise NoRoomError(SPOOL_IS_FULL)
        self.refusal = why
        before, self._held = self._held, room
        try:
            await self._pool.run(self._move_away, data)
        finally:
            before.release()

    def read(self, at: int, most: int) -> bytes:
        """Return at most `most` bytes from position `at`. They were just written, so they are in the page cache, and
        reading them needs no thread.
        """
        if self._file.closed:
            raise ValueError("the draft is closed, and its number may be that of another file")
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
                write_all(spooled.fileno(), piece)
                at += len(piece)
            write_all(spooled.fileno(), data)
            os.dup2(spooled.fileno(), self.fd, inheritable=False)
        self._unlink()

    def handed_over(self) -> tuple[Path, Reservation]:
        """Give the file to the store, with its reserved bytes: the draft can only be read from then on."""
        if self.path is None:
            raise AssertionError("a draft without a path is not published")
        path, self.path = self.path, None
        return path, self._held.handed_over()

    def _unlink(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            self.path = None

    def close(self) -> None:
        """Close the draft, and remove it unless it was published. May be called twice."""
        self._file.close()
        self._unlink()
        self._held.release()


def create_draft(path: Path, first: bytes) -> FileIO:
    """Make the file of a draft with its first bytes. Blocks; raises `OSError`, and leaves no file behind then."""
    file = FileIO(path, "x+")
    try:
        write_all(file.fileno(), first)
    except BaseException:
        file.close()
        path.unlink(missing_ok=True)
        raise
    return file


async def spool_draft(pool: Pool, spool: Room, size: int, first: bytes, seconds: float) -> DiskDraft:
    """Begin a draft of `size` bytes in the temporary folder, which can only be served.

    It waits up to `seconds` until there is room. Raises `OSError`, `NoRoomError` among them.
    """
    held = await spool.wait_and_reserve(size, seconds)
    if held is None:
        raise NoRoomError(SPOOL_IS_FULL)
    try:
        return DiskDraft(None, await pool.run(_open_temporary, first), pool, held, spool, written=len(first))
    except BaseException:
        held.release()
        raise


def _open_temporary(first: bytes) -> FileIO:
    # A file object closes itself when a caller that was cancelled does not take it.
    with tempfile.TemporaryFile() as file:
        write_all(file.fileno(), first)
        return FileIO(os.dup(file.fileno()), "r+")
