"""The journal of the write-behind: the names of files that the object store does not have yet, on the disk.

It is a file of lines: `+KEY` for a file that was published, `-KEY` for one that is done. A line is appended at once, by
one system call, so that a killed process loses none; the machine's own end may lose the last seconds. Lines are read
from the beginning to the end, and a place in the file is a number of bytes.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from modproxy.store.files import write_all
from modproxy.store.tree import may_be_key

LONGEST_BYTES = 64 << 20
"""A longer journal takes no more names: a million of them. Then all that the disk has is gone through later."""
_FILLED = "filled"
_JOURNAL = "journal"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Carries names that were read from the journal."""

    keys: list[str]
    at: int
    """From where to read on."""
    more: bool
    """Whether there is something to be read from there."""


class Journal:
    """Keeps the names in `folder`. All methods block for a moment; those without an error in their text raise none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / _JOURNAL
        self._fd: int | None = None
        self.size = 0
        """In bytes."""
        self.dropped = 0
        """How many names had no place."""
        self._torn = False
        """Whether the last line may have no end: the disk was full in its middle."""

    def open(self) -> None:
        """Open the journal, and make it where there is none. Raises `OSError`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.size = os.fstat(self._fd).st_size
        # A process may have been killed, or the disk was full, in the middle of a line.
        self._torn = bool(self.size) and os.pread(self._fd, 1, self.size - 1) != b"\n"

    def add(self, key: str) -> bool:
        """Note that a file has to be written to the object store. Returns False where the name has no place."""
        if self.size < LONGEST_BYTES and self._append(f"+{key}\n".encode()):
            return True
        self.dropped += 1
        return False

    def done(self, key: str) -> None:
        """Note that nothing is to be done for a file any more."""
        self._append(f"-{key}\n".encode())

    def _append(self, line: bytes) -> bool:
        if self._fd is None:
            return False
        if self._torn:
            line = b"\n" + line
        try:
            write_all(self._fd, line)
        except OSError:
            self._torn, self.size = True, os.fstat(self._fd).st_size
            return False
        self._torn = False
        self.size += len(line)
        return True

    def load(self, at: int, most: int) -> Loaded:
        """Read at most `most` names that are not done, from a place on. Blocks for long; raises `OSError`."""
        found: dict[str, None] = {}
        stopped: int | None = None
        with self._path.open("rb") as file:
            file.seek(at)
            place = at
            for line in file:
                if line[-1:] != b"\n":
                    break  # it is being written
                key = line[1:-1].decode(errors="replace")
                if line[:1] == b"-":
                    found.pop(key, None)
                elif line[:1] == b"+" and stopped is None and may_be_key(key):
                    if len(found) >= most and key not in found:
                        stopped = place
                    else:
                        found[key] = None
                place += len(line)
        return Loaded(list(found), place if stopped is None else stopped, stopped is not None)

    def begin_anew(self, keys: Iterable[str]) -> None:
        """Write the journal anew with these names. Raises `OSError`, and the old journal stays."""
        if self._fd is None:
            return
        draft = self._path.with_suffix(".draft")
        fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            write_all(fd, "".join(f"+{key}\n" for key in keys).encode())
            draft.replace(self._path)
        except BaseException:
            os.close(fd)
            raise
        os.close(self._fd)
        self._fd, self.size, self._torn = fd, os.fstat(fd).st_size, False

    @property
    def filled(self) -> bool:
        """Whether all that the disk had was gone through once."""
        return (self._folder / _FILLED).exists()

    def note_filled(self, *, filled: bool) -> None:
        """Note whether all that the disk has was gone through."""
        with contextlib.suppress(OSError):
            if filled:
                (self._folder / _FILLED).touch()
            else:
                (self._folder / _FILLED).unlink(missing_ok=True)

    def close(self) -> None:
        """Bring the journal to the disk itself, and close it."""
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._fd)
            os.close(self._fd)
            self._fd = None


def note_unfilled(folder: Path, *, but: str) -> None:
    """Note of all journals below a folder but one that the disk will have to be gone through: what is published from
    now on is in none of them. Blocks.
    """
    with contextlib.suppress(FileNotFoundError):
        for journal in folder.iterdir():
            if journal.name != but:
                (journal / _FILLED).unlink(missing_ok=True)
