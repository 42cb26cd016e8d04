"""Open files of hits: who uses one keeps it open, and which parts of one are in the page cache."""

import os
import resource
from typing import BinaryIO

from modproxy.threads import Pool

_NO_WAIT = getattr(os, "RWF_NOWAIT", None)
CAN_SEND = hasattr(os, "sendfile") and hasattr(os, "preadv") and _NO_WAIT is not None
"""Whether this system can send files without waiting for a disk; Linux can."""
_MOST_FILES = 512
"""How many files are open for hits at most."""
_FILES_SHARE = 8
_GRAIN = 128 << 10
"""In bytes. The kernel reads files ahead in pieces of so many, so that one page tells of those around it."""
_WARMING = Pool("warm", 4)
"""The threads that wait for disks."""


class OpenFile:
    """A descriptor that is shared. It is closed when the last user has released it; the maker is the first user."""

    __slots__ = ("_probe", "_users", "fd", "size")

    def __init__(self, fd: int, size: int) -> None:
        """Take over a descriptor."""
        self.fd = fd
        self.size = size
        """In bytes."""
        self._users = 1
        self._probe = bytearray(1)

    def acquire(self) -> None:
        """Keep the file open until `release`."""
        self._users += 1

    def release(self) -> None:
        """Let go of the file."""
        self._users -= 1
        if not self._users:
            os.close(self.fd)

    def is_warm(self, start: int, end: int) -> bool:
        """Say whether bytes are in memory, so that to send them waits for no disk.

        A file system that cannot tell counts as cold.
        """
        fd, probe, no_wait = self.fd, [self._probe], _NO_WAIT or 0
        try:
            for at in range(start, end, _GRAIN):
                os.preadv(fd, probe, at, no_wait)
            os.preadv(fd, probe, end - 1, no_wait)
        except OSError:
            return False
        return True

    async def warm(self, start: int, end: int) -> None:
        """Read bytes into the page cache, in a thread. Raises `OSError`."""
        await _WARMING.run(self._read, start, end)

    def _read(self, start: int, end: int) -> None:
        buffer = bytearray(min(_GRAIN, end - start))
        for at in range(start, end, _GRAIN):
            os.preadv(self.fd, [buffer], at)


def shared(file: BinaryIO | None, size: int) -> OpenFile | None:
    """Return an open file for further answers; None where it cannot be sent: it is in memory, there are too many
    descriptors, or its size, in bytes, is another one by now.
    """
    if file is None or not CAN_SEND:
        return None
    try:
        opened = OpenFile(os.dup(file.fileno()), size)
    except OSError:
        return None
    if not size or os.fstat(opened.fd).st_size != size:
        opened.release()
        return None
    return opened


def most_files() -> int:
    """Return how many files may be open for hits: a part of the descriptors of the process, most of which are for
    connections.
    """
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_FILES if allowed == resource.RLIM_INFINITY else min(_MOST_FILES, allowed // _FILES_SHARE)
