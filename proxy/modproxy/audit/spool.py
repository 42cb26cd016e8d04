"""The spool: records on the disk until the receiver has them, in segments that a new process finds again.

A record is on the disk before it is sent, so that what is lost with a process is only what it had not written. The id
of a document is the name of its segment and its line, so each try to send it, of any process, has the same id.

Refusals and security events have segments of their own: when the spool is full, they push out the others. Everything
here blocks, and one thread at a time may call it.
"""

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from modproxy.store.files import write_all

_SEGMENT_BYTES = 4 << 20
"""A segment is begun anew from here. The receiver gets one as a few requests, and a full spool drops one at a time."""
_SEGMENTS = 8
"""A full spool has at least so many, because none can be dropped that is being sent."""
_KEPT, _OTHER = "kept", "other"
_SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True)
class Segment:
    """Names a file of the spool, of which nothing more is written."""

    path: Path
    size: int

    @property
    def name(self) -> str:
        """Begins the ids of its documents."""
        return self.path.stem

    @property
    def kept(self) -> bool:
        """Whether it has refusals and security events."""
        return not self.path.stem.endswith(f"-{_OTHER}")

    def lines(self) -> list[str]:
        """Read the lines, each without its line break. What a killed process wrote of a last line is left out."""
        return self.path.read_text("ascii", errors="replace").split("\n")[:-1]


class _Open:
    """A segment that is being written."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}{_SUFFIX}"
        self.fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self.size = 0

    def add(self, data: bytes) -> None:
        """Write whole lines, or nothing of them. Raises `OSError`."""
        try:
            write_all(self.fd, data)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self.fd, self.size)
            raise
        self.size += len(data)

    def close(self) -> Segment:
        os.close(self.fd)
        return Segment(self.path, self.size)


class Spool:
    """Keeps records in `folder`. `limit` says how many bytes may be there."""

    def __init__(self, folder: Path, limit: Callable[[], int]) -> None:
        self._folder = folder
        self._limit = limit
        self._open: dict[str, _Open] = {}
        self._closed: list[Segment] = []
        self._taken: Segment | None = None
        self.used_bytes = 0
        """The bytes of all segments."""

    def find(self) -> None:
        """Take up what a former process left. Raises `OSError`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = sorted(self._folder.glob(f"*{_SUFFIX}"))
        self._closed = [Segment(path, path.stat().st_size) for path in found]
        self.used_bytes = sum(segment.size for segment in self._closed)

    def add(self, lines: Sequence[str], *, kept: bool) -> int:
        """Write the lines of one piece of `pieces`, and return how many records were dropped for them.

        Raises `OSError`, with nothing written.
        """

        data = "".join(lines).encode("ascii")
        dropped = self._make_room(len(data)) if kept else 0
        room = self._limit() - self.used_bytes
        if len(data) > room:
            fitting = _fitting(lines, room)
            dropped += len(lines) - fitting
            data = "".join(lines[:fitting]).encode("ascii")
        if not data:
            return dropped
        kind = _KEPT if kept else _OTHER
        segment = self._open.get(kind)
        if segment is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            segment = self._open[kind] = _Open(self._folder, f"{time.time_ns():020d}-{secrets.token_hex(6)}-{kind}")
        segment.add(data)
        self.used_bytes += len(data)
        if segment.size >= self._segment_bytes():
            self._close(kind)
        return dropped

    def _segment_bytes(self) -> int:
        return min(_SEGMENT_BYTES, self._limit() // _SEGMENTS)

    def pieces(self, lines: Sequence[str]) -> Iterator[Sequence[str]]:
        """Split lines into what one segment may have."""
        most = self._segment_bytes()
        begun = size = 0
        for at, line in enumerate(lines):
            if size + len(line) > most and at > begun:
                yield lines[begun:at]
                begun, size = at, 0
            size += len(line)
        yield lines[begun:]

    def restore(self, name: str, lines: Sequence[str]) -> None:
        """Write lines as a segment with this name, since some of its documents may be sent. Raises `OSError`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        segment = _Open(self._folder, name)
        try:
            segment.add("".join(lines).encode("ascii"))
            os.fsync(segment.fd)
        finally:
            closed = segment.close()
            self._closed.append(closed)
            self.used_bytes += closed.size

    def _make_room(self, size: int) -> int:
        """Drop the oldest records that tell of no refusal, as far as is needed. Returns how many they were."""
        dropped = 0
        while self.used_bytes + size > self._limit():
            if not self._droppable() and _OTHER in self._open:
                self._close(_OTHER)
            if not self._droppable():
                break
            oldest = self._droppable()[0]
            with contextlib.suppress(OSError):
                dropped += len(oldest.lines())
            self.remove(oldest)
        return dropped

    def _droppable(self) -> list[Segment]:
        """Return the segments that a refusal may push out: none that is being sent."""
        return [segment for segment in self._closed if not segment.kept and segment != self._taken]

    def take(self) -> Segment | None:
        """Return the oldest segment, which stays until `remove`; None when there is nothing. It may end one."""
        if not self._closed:
            for kind in list(self._open):
                self._close(kind)
        self._taken = self._closed[0] if self._closed else None
        return self._taken

    def remove(self, segment: Segment) -> None:
        """Forget a segment, because the receiver has it, or because it can never have it."""
        if segment in self._closed:
            self._closed.remove(segment)
            self.used_bytes -= segment.size
        segment.path.unlink(missing_ok=True)

    def _close(self, kind: str) -> None:
        self._closed.append(self._open.pop(kind).close())

    def sync(self) -> None:
        """Bring everything to the disk itself, so that it survives the machine too. Raises `OSError`."""
        for kind in list(self._open):
            os.fsync(self._open[kind].fd)
            self._close(kind)


def _fitting(lines: Sequence[str], room: int) -> int:
    """Return how many of the lines have room, from the first one on. All their characters are ASCII."""
    fitting = 0
    for line in lines:
        room -= len(line)
        if room < 0:
            break
        fitting += 1
    return fitting
