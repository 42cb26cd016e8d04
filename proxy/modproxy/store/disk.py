"""The cache directory: files under their escaped URL paths, published whole by rename.

Every method that blocks runs in a small thread pool of its own, so that a slow disk holds up nobody who does not need
it. `.modproxy/` below the root is private: drafts, and nothing a go command would ask for.
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

DIRHASH_SUFFIX = ".ziphash"
"""Beside a zip: its `h1:` hash, as in a go command's own download cache."""
_PRIVATE = ".modproxy"
_THREADS = 8
_LARGEST_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Held:
    """A file that is held. `modified` is when it was fetched, in seconds since the epoch. A small file comes with its
    `body`, a zip with its `dirhash` where that was recorded.
    """

    path: Path
    size: int
    modified: float
    body: bytes | None = None
    dirhash: str | None = None


class Draft:
    """A file being written, invisible until it is published. `written` counts bytes."""

    def __init__(self, store: "DiskStore", path: Path, fd: int) -> None:
        self._store = store
        self.path = path
        self.fd = fd
        self.written = 0

    async def write(self, data: bytes) -> None:
        """Append; raises `OSError` when the disk refuses."""
        await self._store.run(_write_all, self.fd, data)
        self.written += len(data)

    def close(self) -> None:
        """Close the file and remove it, unless it was published. May be called twice."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        self.path.unlink(missing_ok=True)


class DiskStore:
    """Files below `root`. `limit` is how many bytes may be held, None for all that the file system holds; it may be
    changed at any time.
    """

    def __init__(self, root: Path, limit: int | None = None) -> None:
        self.root = root
        self.limit = limit
        self.private = root / _PRIVATE
        self._drafts = self.private / "drafts"
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="disk")
        self._serial = 0
        self.used_bytes = 0
        self.objects = 0
        self.scanned = False

    def prepare(self) -> None:
        """Make the folders and remove the drafts that a killed process left. Blocks; raises `OSError`."""
        shutil.rmtree(self._drafts, ignore_errors=True)
        self._drafts.mkdir(parents=True, exist_ok=True)

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Run a blocking function in the store's threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    async def scan(self) -> None:
        """Count what is held, behind the first requests. A file younger than this process was counted when it was
        published.
        """
        size, count = await self.run(_measure, self.root, self._drafts.stat().st_ctime)
        self.used_bytes += size
        self.objects += count
        self.scanned = True

    def capacity(self) -> int:
        """Return the bytes that may be held: the smaller of the limit and the file system's size."""
        total = shutil.disk_usage(self.root).total
        return min(self.limit or total, total)

    async def find(self, key: str) -> Held | None:
        """Look a file up; small ones come with their bytes."""
        return await self.run(_find_zip if key.endswith(".zip") else _find_small, self.root / key)

    async def draft(self) -> Draft:
        """Begin a file; raises `OSError` when the disk refuses."""
        self._serial += 1
        path = self._drafts / f"{os.getpid()}-{self._serial}"
        fd = await self.run(os.open, path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        return Draft(self, path, fd)

    async def publish(self, draft: Draft, key: str, dirhash: str | None = None) -> Held:
        """Make a draft visible under its key, on stable storage first; a zip's `dirhash` is recorded beside it, before.
        Raises `OSError`; then the draft is still one.
        """
        path = self.root / key
        if dirhash is not None:
            await self.keep(key.removesuffix(".zip") + DIRHASH_SUFFIX, dirhash.encode())
        replaced = await self.run(_publish, draft, path)
        self.used_bytes += draft.written - (replaced or 0)
        self.objects += replaced is None
        status = os.fstat(draft.fd)
        return Held(path, status.st_size, status.st_mtime, dirhash=dirhash)

    async def keep(self, key: str, body: bytes) -> Held:
        """Publish a small file whose bytes are at hand. Raises `OSError`."""
        draft = await self.draft()
        try:
            await draft.write(body)
            return await self.publish(draft, key)
        finally:
            draft.close()

    async def delete(self, key: str) -> None:
        """Remove a file, if it is held."""
        size = await self.run(_remove, self.root / key)
        if size is not None:
            self.used_bytes -= size
            self.objects -= 1

    def close(self) -> None:
        """End the threads, once what they are doing is done."""
        self._pool.shutdown()


def _publish(draft: Draft, path: Path) -> int | None:
    """Return the size of the file that was replaced, None where there was none."""
    os.fsync(draft.fd)
    path.parent.mkdir(parents=True, exist_ok=True)
    replaced = _size_of(path)
    draft.path.replace(path)
    return replaced


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _find_small(path: Path) -> Held | None:
    try:
        fd = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        status = os.fstat(fd)
        return Held(path, status.st_size, status.st_mtime, body=_read_all(fd, status.st_size))
    finally:
        os.close(fd)


def _find_zip(path: Path) -> Held | None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        dirhash = path.with_suffix(DIRHASH_SUFFIX).read_text()
    except FileNotFoundError:
        dirhash = None
    return Held(path, status.st_size, status.st_mtime, dirhash=dirhash)


def _read_all(fd: int, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size and (piece := os.read(fd, min(size - len(parts), _LARGEST_READ))):
        parts += piece
    return bytes(parts)


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None


def _remove(path: Path) -> int | None:
    size = _size_of(path)
    if size is not None:
        path.unlink(missing_ok=True)
    return size


def _measure(root: Path, before: float) -> tuple[int, int]:
    size = count = 0
    for entry in _walk(root):
        status = entry.stat(follow_symlinks=False)
        if status.st_mtime < before:
            size += status.st_size
            count += 1
    return size, count


def _walk(root: Path) -> Iterator[os.DirEntry[str]]:
    pending = [os.fspath(root)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name != _PRIVATE:
                            pending.append(entry.path)
                    else:
                        yield entry
        except FileNotFoundError:
            continue
