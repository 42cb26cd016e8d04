"""Sends a file to a client from the page cache, past the transport: the head and the first piece in two system calls,
the rest as the client takes it. Nothing here waits for a disk.

uvloop has no sendfile, and owns the socket's descriptor, so writability is waited for on a duplicate of it.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from enum import Enum, auto
from typing import ClassVar

from modproxy.server.connection import STALLED_SECONDS
from modproxy.server.hit.files import OpenFile

_PIECE = 2 << 20
"""Bytes of one file that are handed to the kernel at most in one turn of the loop, in less than a millisecond, so that
a fast client of a large file leaves the others their turns.
"""
_TURN = 16 << 20
"""Bytes of all files in one turn, in some milliseconds. Hundreds of fast clients share them."""
_LEAST_PIECE = 64 << 10
"""A smaller piece costs more for its system calls than for its bytes."""
_RETRY_SECONDS = 0.05
"""After which a transfer goes on that found no descriptor to wait with."""
_MORE = getattr(socket, "MSG_MORE", 0)


class End(Enum):
    """How a transfer ended."""

    SENT = auto()
    """The kernel has all bytes."""
    BROKEN = auto()
    """The client has left."""
    CUT_SHORT = auto()
    """The file cannot be read to its end, or the client takes nothing."""


class Transfer:
    """Sends one file. `ended` is called once, perhaps before `begin` returns, but never after `stop`.

    The file must be held by the caller until then.
    """

    _turn: ClassVar[float] = -1.0
    """The turn of the loop in which a file was last sent, by the time of the loop, which uvloop keeps for a turn."""
    _left: ClassVar[int] = 0
    """How many bytes of all files may still be sent in that turn."""

    __slots__ = (
        "_at", "_ended", "_file", "_head", "_loop", "_moved", "_moved_at", "_retry", "_size", "_sock", "_stall",
        "_waits_on", "_warmed_to", "_warming", "why",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        head: bytes,
        file: OpenFile,
        ended: Callable[[End], None],
    ) -> None:
        file.acquire()
        self._loop = loop
        self._sock = sock
        self._head = head
        self._file = file
        self._size = file.size
        self._at = 0
        self._ended: Callable[[End], None] | None = ended
        self._moved = 0.0
        """When the client last took something, as far as a wait needed to know."""
        self._moved_at = -1
        """Where the file was then."""
        self._stall: asyncio.TimerHandle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._waits_on = -1
        """The duplicate of the socket's descriptor while the loop watches it."""
        self._warming: asyncio.Task[None] | None = None
        self._warmed_to = 0
        """Up to where the file was read into memory for this client. These bytes are sent whatever the file system says
        of them: one that cannot tell, as tmpfs and NFS, would otherwise let nobody go on.
        """
        self.why = ""
        """Why the file was cut short."""

    @property
    def sent(self) -> int:
        """How many bytes of the file the kernel has."""
        return self._at

    def begin(self) -> None:
        """Send what the kernel takes now."""
        self._push()

    def stop(self) -> None:
        """Send no more, because the connection is lost."""
        self._ended = None
        self._release()

    def _push(self) -> None:
        """Send a piece, or wait for the client, or for the disk."""
        try:
            if self._head:
                self._head = self._head[self._sock.send(self._head, _MORE) :]
                if self._head:  # the kernel may have room again at any moment, and the file must not get it
                    self._wait()
                    return
            at, size = self._at, self._size
            end = min(at + self._piece(), size)
            if at < self._warmed_to:
                end = min(end, self._warmed_to)
            elif not self._file.is_warm(at, end):
                self._warm(at, end)
                return
            sock, fd = self._sock.fileno(), self._file.fd
            while at < end:
                sent = os.sendfile(sock, fd, at, end - at)
                if not sent:
                    self._cut_short("the file is shorter than it was")
                    return
                self._at = at = at + sent
                Transfer._left -= sent
        except BlockingIOError:
            self._wait()
            return
        except OSError:
            self._end(End.BROKEN)
            return
        if at < size:
            self._wait()
        else:
            self._end(End.SENT)

    def _piece(self) -> int:
        """Return how many bytes may be handed to the kernel now; all transfers together leave others their turn."""
        now = self._loop.time()
        if now != Transfer._turn:
            Transfer._turn, Transfer._left = now, _TURN
        return max(_LEAST_PIECE, min(_PIECE, Transfer._left))

    def _wait(self) -> None:
        """Go on when the client takes more, or when others have had their turn."""
        if self._at != self._moved_at:
            self._moved, self._moved_at = self._loop.time(), self._at
        if self._waits_on < 0:
            try:
                self._waits_on = os.dup(self._sock.fileno())
            except OSError:  # other clients have taken all descriptors; a file under way is not cut for that
                self._retry = self._loop.call_later(_RETRY_SECONDS, self._push)
            else:
                self._loop.add_writer(self._waits_on, self._push)
        if self._stall is None:
            self._stall = self._loop.call_later(STALLED_SECONDS, self._check)

    def _check(self) -> None:
        """Give up a client that has taken nothing for long, because it occupies an open file."""
        self._stall = None
        quiet = self._loop.time() - self._moved
        if quiet < STALLED_SECONDS or self._warming is not None:
            self._stall = self._loop.call_later(max(STALLED_SECONDS - quiet, 1.0), self._check)
        else:
            self._cut_short(f"the client has read nothing for {STALLED_SECONDS:.0f} s")

    def _warm(self, start: int, end: int) -> None:
        self._unwatch()
        self._warming = self._loop.create_task(self._warmed(start, end))

    async def _warmed(self, start: int, end: int) -> None:
        file = self._file
        file.acquire()
        try:
            await file.warm(start, end)
        except OSError:
            self._warming = None
            self._cut_short("the file cannot be read")
            return
        finally:
            file.release()
        self._warming = None
        self._warmed_to = end
        if self._ended is not None:
            self._push()

    def _cut_short(self, why: str) -> None:
        self.why = why
        self._end(End.CUT_SHORT)

    def _end(self, how: End) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            self._release()
            ended(how)

    def _release(self) -> None:
        self._unwatch()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        self._file.release()

    def _unwatch(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        if self._waits_on >= 0:
            self._loop.remove_writer(self._waits_on)
            os.close(self._waits_on)
            self._waits_on = -1
