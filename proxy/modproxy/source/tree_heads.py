"""The newest tree head of a checksum database, kept in a file, so that a restart forgets nothing of its past."""

import asyncio
from pathlib import Path


class TreeHeads:
    """Keeps the newest verified tree head of one database. The file is of this database and its key alone."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.lock = asyncio.Lock()
        """Held while a tree head is compared with the newest one and saved."""
        self._read: tuple[tuple[int, int, int], bytes] | None = None
        """What the file held when it was read last, and by what a change of the file is noticed."""

    def load(self) -> bytes | None:
        """Return the signed note of the tree head; None before the first `save`."""
        try:
            now = self._file.stat()
            state = now.st_ino, now.st_mtime_ns, now.st_size
            if self._read is None or self._read[0] != state:
                self._read = state, self._file.read_bytes()
        except FileNotFoundError:
            return None
        return self._read[1]

    def save(self, note: bytes) -> None:
        """Replace the note. Raises `OSError`."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".draft")
        draft.write_bytes(note)
        draft.replace(self._file)
