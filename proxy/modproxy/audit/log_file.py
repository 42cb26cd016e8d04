"""The audit log as a file in the private folder of the cache, which is rotated by its size. Everything here blocks."""

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from modproxy.store.files import write_all

NAME = "audit.jsonl"
OLDER = 4
"""How many older files are kept beside the one that is written: `audit.jsonl.1` is the newest of them."""


class LogFile:
    """Appends lines to a file in `folder`. `most` says how many bytes all files together may have."""

    def __init__(self, folder: Path, most: Callable[[], int]) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._most = most
        self._fd = -1
        self._size = 0
        self._older_bytes = 0

    @property
    def used_bytes(self) -> int:
        """The bytes of all files."""
        return self._size + self._older_bytes

    def find(self) -> None:
        """Count what a former process left. Raises `OSError`."""
        self._older_bytes = sum(_size(path) for path in self._older())
        self._size = _size(self._path)

    def add(self, lines: Sequence[str]) -> None:
        """Write lines. Raises `OSError`, with nothing written."""
        data = "".join(lines).encode("ascii")
        if self._size and self._size + len(data) > self._most() // (OLDER + 1):
            self._rotate()
        if self._fd < 0:
            self._begin()
        try:
            write_all(self._fd, data)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise
        self._size += len(data)

    def _begin(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(self._fd).st_size
        # A killed process may have left a part of a line: what follows must begin on a line of its own.
        if self._size and os.pread(self._fd, 1, self._size - 1) != b"\n":
            write_all(self._fd, b"\n")
            self._size += 1

    def _rotate(self) -> None:
        self.close()
        names = [self._path, *self._older()]
        for at in range(OLDER, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                names[at - 1].replace(names[at])
        self.find()

    def _older(self) -> list[Path]:
        return [self._path.with_name(f"{NAME}.{number}") for number in range(1, OLDER + 1)]

    def sync(self) -> None:
        """Bring everything to the disk itself. Raises `OSError`."""
        if self._fd >= 0:
            os.fsync(self._fd)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
