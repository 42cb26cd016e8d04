"""Notices that a file has other contents, however they came there: written in place, renamed over, a link swapped."""

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

INTERVAL_SECONDS = 0.3


class FileEvent(Enum):
    """What a look at the file found."""

    SAME = auto()
    CHANGED = auto()
    GONE = auto()
    """Told once; the file is not there any more."""


@dataclass(frozen=True, slots=True)
class _Signature:
    device: int
    inode: int
    size: int
    modified_ns: int


class FileWatch:
    """Looks at one path whenever it is polled. A change is told when two looks in a row saw the same, so that a file
    is not read while an editor is still writing it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told = self._seen = _look(path)

    def poll(self) -> FileEvent:
        """Look once; called about every `INTERVAL_SECONDS`."""
        last, self._seen = self._seen, _look(self.path)
        if self._seen == self._told or self._seen != last:
            return FileEvent.SAME
        self._told = self._seen
        return FileEvent.CHANGED if self._seen else FileEvent.GONE


def _look(path: Path) -> _Signature | None:
    try:
        found = path.stat()  # of what links lead to
    except OSError:
        return None
    return _Signature(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
