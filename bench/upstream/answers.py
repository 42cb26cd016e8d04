"""The answers of an upstream: a folder's files as whole HTTP responses, kept in memory or mapped into it."""

import mmap
from dataclasses import dataclass
from pathlib import Path

STATUS_SUFFIX = ".status"
"""A recorded answer that is no 200 has its status in a file of this suffix beside its body."""
_MAPPED = 1 << 16
"""Bytes from which on a file is mapped, so that large zips take no memory of their own."""
_TYPES = {"info": "application/json", "zip": "application/zip"}
_REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 410: "Gone", 502: "Bad Gateway"}


@dataclass(frozen=True, slots=True)
class Answer:
    """Holds a response: the head as bytes, the body as it is written."""

    head: bytes
    body: bytes | memoryview


def answer(status: int, body: bytes | memoryview, name: str = "") -> Answer:
    """Make a response. The media type follows from the end of the name."""
    media = _TYPES.get(name.rpartition(".")[2], "text/plain; charset=utf-8")
    reason = _REASONS.get(status, "Unknown")
    return Answer(
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n".encode(), body
    )


class Answers:
    """Finds the answer for a path below a folder. What was found once is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[str, Answer] = {}

    def find(self, path: str) -> Answer | None:
        """Return the answer for a path without its leading slash, None when the folder has none."""
        found = self._found.get(path)
        if found is None:
            found = self._load(path)
            if found is not None:
                self._found[path] = found
        return found

    def _load(self, path: str) -> Answer | None:
        if ".." in path.split("/") or path.endswith(STATUS_SUFFIX):
            return None
        file = self._folder / path
        try:
            body = _content(file)
            status = file.with_name(file.name + STATUS_SUFFIX)
            return answer(int(status.read_text()) if status.exists() else 200, body, path)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None


def _content(file: Path) -> bytes | memoryview:
    if file.stat().st_size < _MAPPED:
        return file.read_bytes()
    with file.open("rb") as opened:
        return memoryview(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))
