"""The ETags and vouchers of files. Each is found out once: when the file is written, or when this process first reads
the file.

A tag is made of the content, so that all replicas send the same tag (RFC 9110, section 8.8.3). Tags and vouchers are
remembered in memory, because reading an extended attribute takes 1.9 microseconds and hashing a small body takes 0.8.
"""

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

from modproxy.store.protocol import etag_of
from modproxy.store.vouchers import Mark

_REMEMBERED = 20_000
"""How many tags are remembered, each of about 200 bytes with its key."""


class Known(NamedTuple):
    """Tells what is remembered of a file in one state, which its mark names.

    The inode is part of the mark because a file system's clock is coarse: two files of the same size may replace each
    other within one tick of the clock.
    """

    mark: Mark
    tag: str
    voucher: str


class Etags:
    """Remembers the tags and vouchers of files, at most `limit`: then the oldest is dropped. Threads may share it.

    `voucher_of` reads the voucher of a file in a state.
    """

    def __init__(self, voucher_of: Callable[[str, Mark], str], limit: int = _REMEMBERED) -> None:
        self._voucher_of = voucher_of
        self._limit = limit
        self._known: dict[str, Known] = {}
        self._lock = threading.Lock()

    def of(self, key: str, mark: Mark, content: Iterable[bytes]) -> Known:
        """Return what is known of a file with this mark; the tag is made of `content` when nothing is remembered.

        `content` comes in pieces, which are read only then.
        """
        known = self._known.get(key)
        if known is not None and known.mark == mark:
            return known
        return self.note(key, mark, etag_of(content), self._voucher_of(key, mark))

    def note(self, key: str, mark: Mark, tag: str, voucher: str) -> Known:
        """Remember a file. Returns what is remembered."""
        known = Known(mark, tag, voucher)
        with self._lock:
            self._known.pop(key, None)
            if len(self._known) >= self._limit:
                del self._known[next(iter(self._known))]
            self._known[key] = known
        return known

    def forget(self, key: str) -> None:
        """Drop what is known of a file that was removed."""
        with self._lock:
            self._known.pop(key, None)
