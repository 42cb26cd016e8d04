"""The newest tree head of a checksum database, kept in a file, so that a restart forgets nothing of its past."""

import asyncio
from pathlib import Path


class TreeHeads:
    """Keeps the newest verified tree head of one database. The file is of this database and its key alone."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.lock = asyncio.Lock()
        """Held while a tree head is compared with the newest one and saved."""

    def load(self) -> bytes | None:
        """Return the signed note of the tree head; None before the first `save`."""
        try:
            return self._file.read_bytes()
        except FileNotFoundError:
            return None

    def save(self, note: bytes) -> None:
        """Replace the note. Raises `OSError`."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".draft")
        draft.write_bytes(note)
        draft.replace(self._file)
