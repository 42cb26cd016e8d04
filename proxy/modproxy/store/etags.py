"""The ETags of files, each made once: when the file is written, or when this process first reads it. Pure.

A tag is made of the content, so that all replicas give the same one (RFC 9110, 8.8.3). It is remembered here and not
beside the file: to read an extended attribute takes 1.9 microseconds, to hash a small body 0.8.
"""

import threading

from modproxy.store.protocol import etag_of

_REMEMBERED = 20_000
"""Tags, of some 200 bytes each with their keys."""

Mark = tuple[int, int, int]
"""Size, time of modification in nanoseconds, and inode. The inode matters, because a file system's clock is coarse: two
files of one size may follow each other at one time.
"""


class Etags:
    """Remembers the tags of files, the oldest going first when there are more than it may remember. For all threads."""

    def __init__(self, limit: int = _REMEMBERED) -> None:
        self._limit = limit
        self._known: dict[str, tuple[Mark, str]] = {}
        self._lock = threading.Lock()

    def of(self, key: str, mark: Mark, content: bytes) -> str:
        """Return the tag of a file that holds `content`."""
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
        """Drop the tag of a file that has gone."""
        with self._lock:
            self._known.pop(key, None)
