"""The system calls of a disk store for the files below its root. All functions block and raise `OSError`."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from modproxy.store.protocol import LARGEST_BODY
from modproxy.store.tree import dirhash_key, is_zip

_LARGEST_READ = 1 << 20


class Found(NamedTuple):
    """Tells the store what the system calls have found out of a file."""

    size: int
    modified_ns: int
    inode: int
    used: float
    """When the file was last used, in seconds since the epoch."""
    content: bytes | None
    """The body of a small file; the recorded `h1:` hash of a zip. None for a large file, and for a zip without a hash.
    """


def moment(ago: float = 0.0) -> float:
    """Return the time some seconds ago, in seconds since the epoch, in whole microseconds: a file's time gives exactly
    this back, while a float has no room for nanoseconds.
    """
    return round(time.time() - ago, 6)


def seconds_of(nanoseconds: int) -> float:
    """Return a file's time in seconds since the epoch, as `moment` gives it."""
    return round(nanoseconds / 1e9, 6)


def _found(status: os.stat_result, content: bytes | None) -> Found:
    return Found(status.st_size, status.st_mtime_ns, status.st_ino, status.st_atime, content)


def find(path: str) -> Found | None:
    """Look at a file. Returns None when there is no such file."""
    return _find_zip(path) if is_zip(path) else _find_small(path)


def _find_small(path: str) -> Found | None:
    try:
        fd = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        status = os.fstat(fd)
        large = status.st_size > LARGEST_BODY
        return _found(status, None if large else _read_all(fd, status.st_size))
    finally:
        os.close(fd)


def _find_zip(path: str) -> Found | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path for each request takes long
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        dirhash = Path(dirhash_key(path)).read_bytes()
    except FileNotFoundError:
        dirhash = None
    return _found(status, dirhash)


def _read_all(fd: int, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size and (piece := os.read(fd, min(size - len(parts), _LARGEST_READ))):
        parts += piece
    return bytes(parts)


@contextmanager
def completed(path: str, body: bytes | None, modified: float) -> Iterator[int]:
    """Open a draft that is written now, or that has its bytes already (`body` is None), and give it its time.

    Yields the descriptor.
    """
    fd = os.open(path, os.O_RDONLY if body is None else os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        if body is not None:
            write_all(fd, body)
        # The age that clients have been told stays, however long the file was pending.
        when = round(modified * 1e6) * 1000
        os.utime(fd, ns=(when, when))
        yield fd
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write all of the bytes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def rename(draft: str, path: str) -> os.stat_result | None:
    """Give a draft its name, and make the folder if it is missing. Returns the state of the file that was replaced."""
    replaced = status_of(path)
    try:
        os.replace(draft, path)  # noqa: PTH105 - a Path for each file takes long
    except FileNotFoundError:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(draft, path)  # noqa: PTH105 - as above
    return replaced


def status_of(path: Path | str) -> os.stat_result | None:
    """Return the state of a file, or None when there is no such file."""
    try:
        return os.stat(path, follow_symlinks=False)  # noqa: PTH116 - a Path for each of a million files takes long
    except (FileNotFoundError, NotADirectoryError):
        return None


def read_in_pieces(path: str) -> Iterator[bytes]:
    """Yield the content of a file of any size, a piece at a time."""
    with Path(path).open("rb") as file:
        while piece := file.read(_LARGEST_READ):
            yield piece
