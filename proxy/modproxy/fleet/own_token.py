"""The token by which this replica proves itself to its peers. The kubelet writes a new one into its file every hour."""

import asyncio
from pathlib import Path

from modproxy.contract.mounted import FileMark, file_mark
from modproxy.identity.authorization import MOST_TOKEN

LEAST_SHARED = 16
"""Characters of a token that all replicas share: fewer could be guessed."""


class OwnToken:
    """Knows the newest content of one file."""

    def __init__(self) -> None:
        self._path: str | None = None
        self._mark: FileMark = None
        self.text: str | None = None
        """The token; None while there is no usable one."""
        self.problem: str | None = "the token of this replica was not read yet"
        """Why there is no usable token, without the file's path or content."""

    async def look(self, path: str) -> None:
        """Read the file, if it has changed since the last look. What cannot be read any more is forgotten."""
        mark = await asyncio.to_thread(file_mark, Path(path))
        if (path, mark) == (self._path, self._mark) and self.text is not None:
            return
        try:
            self.text, self.problem = await asyncio.to_thread(_read, Path(path)), None
        except (OSError, ValueError) as e:
            why = e.strerror if isinstance(e, OSError) else str(e)
            self.text, self.problem = None, f"the file of peers.tokenFile has no token of this replica: {why}"
        self._path, self._mark = path, mark


def _read(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(MOST_TOKEN + 2)
    text = content.decode("ascii", "replace").strip()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("it cannot be sent in a header")
    if not LEAST_SHARED <= len(text) <= MOST_TOKEN:
        raise ValueError(f"a token has {LEAST_SHARED} to {MOST_TOKEN} characters")
    return text
