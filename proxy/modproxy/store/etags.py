"""The ETags of files. Each tag is made once: when the file is written, or when this process first reads the file.

A tag is made of the content, so that all replicas send the same tag (RFC 9110, section 8.8.3). Tags are remembered in
memory and not beside the files, because reading an extended attribute takes 1.9 microseconds and hashing a small body
takes 0.8.
"""

import threading
from collections.abc import Iterable

from modproxy.store.protocol import etag_of

_REMEMBERED = 20_000
"""How many tags are remembered, each of about 200 bytes with its key."""

Mark = tuple[int, int, int]
"""A file's size, modification time in nanoseconds, and inode. The inode is part of the mark because a file system's
clock is coarse: two files of the same size may replace each other within one tick of the clock.
"""


class Etags:
    """Remembers the tags of files, at most `limit`: then the oldest tag is dropped. Threads may share it."""

    def __init__(self, limit: int = _REMEMBERED) -> None:
        self._limit = limit
        self._known: dict[str, tuple[Mark, str]] = {}
        self._lock = threading.Lock()

    def of(self, key: str, mark: Mark, content: Iterable[bytes]) -> str:
        """Return the tag of a file with this mark; it is made of `content` when no tag is remembered for the mark.

        `content` comes in pieces, which are read only then.
        """
        known = self._known.get(key)
        if known is not None and known[0] == mark:
            return known[1]
        tag = etag_of(content)
        with self._lock:
            self._known.pop(key, None)
            if len(self._known) >= self._limit:
                del self._known[next(iter(self._known))]
            self._known[key] = (mark, tag)
        return tag

    def forget(self, key: str) -> None:
        """Drop the tag of a file that was removed."""
        with self._lock:
            self._known.pop(key, None)
