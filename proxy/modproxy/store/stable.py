"""How files are brought to stable storage: many of them by one call, where the system has one. All of it blocks."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache

_FEW = 3
"""So many files are brought to stable storage one by one, because the one call is for all files of the file system."""
_REPORTS_ERRORS = (5, 8)
"""Before this version of Linux, syncfs(2) says nothing of writes that have failed (its manual page, VERSIONS)."""


def settle(files: Sequence[str], folder: str) -> None:
    """Bring files of the folder's file system to stable storage. Raises `OSError`."""
    sync = _syncfs() if len(files) > _FEW else None
    for place in (folder,) if sync is not None else files:
        fd = os.open(place, os.O_RDONLY)
        try:
            (sync or os.fsync)(fd)
        finally:
            os.close(fd)


@cache
def _syncfs() -> Callable[[int], None] | None:
    """Return the call for all files of a file system; None where there is none that tells of errors."""
    if sys.platform != "linux" or _version(os.uname().release) < _REPORTS_ERRORS:
        return None
    import ctypes  # noqa: PLC0415 - only a replica that writes needs its memory

    try:
        call = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return None

    def sync(fd: int) -> None:
        if call(fd) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return sync


def _version(release: str) -> tuple[int, int]:
    """Read the beginning of a kernel's release, such as `6.1.0-13-amd64`; (0, 0) when it is no such text."""
    found = re.match(r"([0-9]+)\.([0-9]+)", release)
    return (int(found[1]), int(found[2])) if found else (0, 0)
