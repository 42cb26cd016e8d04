"""Notices that a file has other contents, however they came there: written in place, renamed over, a link swapped."""

from enum import Enum, auto
from pathlib import Path

from modproxy.contract.mounted import file_mark

INTERVAL_SECONDS = 0.3


class FileEvent(Enum):
    """What a look at the file found."""

    SAME = auto()
    CHANGED = auto()
    GONE = auto()
    """The file is not there any more. One look says so, the next ones say SAME."""


class FileWatch:
    """Tells its owner when a file has to be read again.

    A change counts once two looks in a row find the same state, so that the file is not read while an editor is still
    writing it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told = self._seen = file_mark(path)

    def poll(self) -> FileEvent:
        """Look once. Call it about every `INTERVAL_SECONDS`."""
        last, self._seen = self._seen, file_mark(self.path)
        if self._seen == self._told or self._seen != last:
            return FileEvent.SAME
        self._told = self._seen
        return FileEvent.CHANGED if self._seen else FileEvent.GONE
