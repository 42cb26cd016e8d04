"""What the receiver does not have yet: the spool on the disk, and some memory for when the disk takes nothing.

Everything here blocks, and one thread at a time may call it.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from modproxy.audit.bulk import Document
from modproxy.audit.counts import ELASTICSEARCH, Counts
from modproxy.audit.spool import Segment, Spool

_MEMORY_BYTES = 8 << 20
"""What is held in memory while the disk takes nothing."""
_OTHERS_SHARE = 1 / 2
"""The share of it that records without a refusal may have."""
_FULL = "the receiver of the audit log is away or slow, and the spool is full"
_NO_DISK = "the receiver of the audit log is away or slow, and the cache's disk takes no records"


@dataclass(frozen=True, slots=True)
class MemorySegment:
    """Holds lines that the disk did not take, under the name that their segment would have."""

    name: str
    kept: bool
    texts: tuple[str, ...]

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(map(len, self.texts))

    def lines(self) -> list[str]:
        """Return the lines, each without its line break."""
        return [text[:-1] for text in self.texts]


AnySegment = Segment | MemorySegment


class Backlog:
    """Keeps records in order, more or less, until the receiver has them. `limit` is the spool's, in bytes."""

    def __init__(self, folder: Path, limit: Callable[[], int], counts: Counts) -> None:
        self._spool = Spool(folder, limit)
        self._counts = counts
        self._memory: list[MemorySegment] = []
        self.find = self._spool.find

    @property
    def disk_bytes(self) -> int:
        """The bytes on the disk."""
        return self._spool.used_bytes

    def add(self, lines: Sequence[str], *, kept: bool) -> None:
        """Keep lines. What has no room is counted as lost."""
        for piece in self._spool.pieces(lines):
            try:
                self._counts.lost(ELASTICSEARCH, self._spool.add(piece, kept=kept), _FULL)
            except OSError:
                self._hold(MemorySegment(f"memory-{secrets.token_hex(12)}", kept, tuple(piece)))

    def _hold(self, one: MemorySegment) -> None:
        share = 1.0 if one.kept else _OTHERS_SHARE
        held = sum(segment.size for segment in self._memory)
        while one.kept and held + one.size > _MEMORY_BYTES:
            other = next((segment for segment in self._memory if not segment.kept), None)
            if other is None:
                break
            self._memory.remove(other)
            held -= other.size
            self._counts.lost(ELASTICSEARCH, len(other.texts), _NO_DISK)
        if held + one.size > _MEMORY_BYTES * share:
            self._counts.lost(ELASTICSEARCH, len(one.texts), _NO_DISK)
        else:
            self._memory.append(one)

    def take(self) -> AnySegment | None:
        """Return what is to be sent next, which stays until `remove`; None when there is nothing."""
        return self._memory[0] if self._memory else self._spool.take()

    def remove(self, segment: AnySegment) -> None:
        """Forget what the receiver has, or can never have."""
        if isinstance(segment, MemorySegment):
            if segment in self._memory:
                self._memory.remove(segment)
        else:
            self._spool.remove(segment)

    def settle(self) -> int:
        """Bring everything to the disk itself. Returns how many records had no place there, and counts them as lost."""
        lost = 0
        for segment in self._memory:
            try:
                self._spool.restore(segment.name, segment.texts)
            except OSError:
                lost += len(segment.texts)
        self._memory.clear()
        self._spool.sync()
        self._counts.lost(ELASTICSEARCH, lost, _NO_DISK)
        return lost


def documents_of(segment: AnySegment) -> list[Document]:
    """Return the documents of a segment, with the ids that all tries to send them have. Blocks; raises `OSError`."""
    return [Document(f"{segment.name}-{number}", line) for number, line in enumerate(segment.lines()) if line]
