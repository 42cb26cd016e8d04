"""The vouchers of files: texts about files, which survive a restart. A store does not know what they mean.

A voucher is an extended attribute of its file, so that it comes and goes with the file. Where the file system or the
operating system takes none, it is a small file in the private folder, which is good for one state of its file alone.
"""

import contextlib
import hashlib
import os
import sys
from pathlib import Path

ATTRIBUTE = "user.modproxy.voucher"
_HAS_ATTRIBUTES = hasattr(os, "setxattr")
"""Linux has them; on macOS, Python does not."""
_LONGEST = 1024
"""Bytes of a voucher: extended attributes share a block of 4096 bytes with others."""

Mark = tuple[int, int, int]
"""A file's size, modification time in nanoseconds, and inode."""


class Vouchers:
    """Keeps the vouchers of files. `beside` is a folder for those that no attribute can carry.

    All methods block. None raises an error: a voucher that cannot be kept or read counts as none.
    """

    def __init__(self, beside: Path) -> None:
        self._beside = beside

    def put(self, fd: int, key: str, voucher: str) -> None:
        """Keep the voucher of an open file that becomes the file of the key."""
        data = voucher.encode()[:_LONGEST]
        if _HAS_ATTRIBUTES:
            try:
                os.setxattr(fd, ATTRIBUTE, data)
            except OSError:
                pass
            else:
                return
        status = os.fstat(fd)
        self._put_beside(key, _line((status.st_size, status.st_mtime_ns, status.st_ino)) + data)

    def _put_beside(self, key: str, data: bytes) -> None:
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError:
            return

    def get(self, path: str, key: str, mark: Mark) -> str:
        """Return the voucher of a file in this state; nothing for a file without one."""
        if _HAS_ATTRIBUTES:
            try:
                return _shared(os.getxattr(path, ATTRIBUTE))
            except OSError:
                pass
        try:
            line, _, data = self._path(key).read_bytes().partition(b"\n")
        except OSError:
            return ""
        return _shared(data) if line + b"\n" == _line(mark) else ""

    def forget(self, key: str) -> None:
        """Forget the voucher of a file that was removed."""
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self._beside / name[:2] / name


def _shared(data: bytes) -> str:
    """Return a voucher as a text that all files with the same voucher share, because there are few different ones."""
    return sys.intern(data.decode(errors="replace"))


def _line(mark: Mark) -> bytes:
    return " ".join(map(str, mark)).encode() + b"\n"
