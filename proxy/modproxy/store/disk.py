"""The cache directory: files under their escaped URL paths, published whole by rename.

Every method that blocks runs in a small thread pool of its own, so that a slow disk holds up nobody who does not need
it; what takes long has another one. `.modproxy/` below the root is private: nothing a go command would ask for.

A file's modification time is when it was fetched, its access time when it was last used: both survive a restart.
"""

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from modproxy.store.draft import Draft, spool
from modproxy.store.eviction import DIRHASH_SUFFIX, PRIVATE, Removed, walk

T = TypeVar("T")

_THREADS = 8
_SLOW_THREADS = 2
_LARGEST_READ = 1 << 20
_USE_RESOLUTION = 600.0
"""Seconds: a file that was used that recently is not written down again."""
_TRIAL_BYTES = 1 << 20
_RETRY_SECONDS = 10.0
"""A disk that refused a write is left alone so long."""


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


class DiskStore:
    """Files below `root`. `limit` is how many bytes may be held, None for all that the file system holds; it may be
    changed at any time. `grown` is set whenever something was added. `refusal` is why nothing is stored now, `scarcity`
    why soon nothing may be; None while all is well.
    """

    def __init__(self, root: Path, limit: int | None = None) -> None:
        self.root = root
        self.limit = limit
        self.private = root / PRIVATE
        self.used_bytes = 0
        self.objects = 0
        self.scanned = False
        self.grown = asyncio.Event()
        self.refusal: str | None = None
        self.scarcity: str | None = None
        self._retry_at = 0.0
        self._drafts = self.private / "drafts"
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="disk")
        self._slow_pool = ThreadPoolExecutor(_SLOW_THREADS, thread_name_prefix="disk-slow")
        self._serial = 0
        self._used: dict[Path, float] = {}

    def prepare(self) -> None:
        """Make the folders and remove the drafts that a killed process left. Blocks; raises `OSError`."""
        shutil.rmtree(self._drafts, ignore_errors=True)
        self._drafts.mkdir(parents=True, exist_ok=True)

    async def run(self, function: Callable[..., T], *args: object) -> T:
        """Run a function that blocks for a moment."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    async def run_slow(self, function: Callable[..., T], *args: object) -> T:
        """Run a function that takes long: two at once, the others wait."""
        return await asyncio.get_running_loop().run_in_executor(self._slow_pool, function, *args)

    async def scan(self) -> None:
        """Count what is held, behind the first requests. A file younger than this process was counted when it was
        published.
        """
        size, count = await self.run_slow(_measure, self.root, self._drafts.stat().st_ctime)
        self.used_bytes += size
        self.objects += count
        self.scanned = True
        self.grown.set()

    def capacity(self) -> int:
        """Return the bytes that may be held: the smaller of the limit and the file system's size."""
        total = shutil.disk_usage(self.root).total
        return min(self.limit or total, total)

    def free(self) -> tuple[int, int]:
        """Return the bytes that the file system has free for us, and all it has."""
        usage = shutil.disk_usage(self.root)
        return usage.free, usage.total

    async def find(self, key: str) -> Held | None:
        """Look a file up; small ones come with their bytes. Being found is being used."""
        path = self.root / key
        found = await self.run(_find_zip if key.endswith(".zip") else _find_small, path)
        if found is None:
            return None
        held, last_use = found
        now = time.time()
        if now - last_use > _USE_RESOLUTION:
            self._used[path] = now
        return held

    async def write_down_use(self) -> None:
        """Set the access times of what was used since the last time."""
        used, self._used = self._used, {}
        if used:
            await self.run_slow(_set_access_times, used)

    async def draft(self) -> Draft:
        """Begin a file: one to keep, or one only to serve while the disk takes no more. Raises `OSError`."""
        if self._may_write():
            self._serial += 1
            path = self._drafts / f"{os.getpid()}-{self._serial}"
            try:
                fd = await self.run(os.open, path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
                return Draft(path, fd, self.run)
            except OSError as e:
                self.note_refusal(e)
        return await self.run(spool, self.run)

    def _may_write(self) -> bool:
        if self.used_bytes >= self.capacity():
            self.refusal = f"the cache is full: {self.used_bytes >> 20} MiB are held"
            self.grown.set()
            return False
        return self.refusal is None or time.monotonic() >= self._retry_at

    @property
    def pressure(self) -> str | None:
        """Say why nothing is stored, or soon will not be."""
        return self.refusal or self.scarcity

    def note_refusal(self, error: OSError) -> None:
        """Remember that the disk refused a write: it is left alone for a while."""
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        self.refusal = f"the cache's disk refuses writes: {error.strerror}"
        self.grown.set()

    async def try_to_write(self) -> None:
        """End a refusal if the disk takes a file again, so that it ends without a client having to ask."""
        if not self._may_write():
            return
        draft = await self.draft()
        try:
            await draft.write(bytes(_TRIAL_BYTES))
            if draft.path is not None:
                await self.run(os.fsync, draft.fd)
                self.refusal = None
        finally:
            draft.close()

    async def publish(self, draft: Draft, key: str, dirhash: str | None = None) -> Held | None:
        """Make a draft visible under its key, on stable storage first; a zip's `dirhash` is recorded beside it, before.

        None when the disk refuses, which costs the next reader a fetch, and this one nothing.
        """
        path = self.root / key
        if draft.path is None:
            if draft.refusal is not None:
                self.note_refusal(draft.refusal)
            return None
        try:
            if dirhash is not None:
                beside = key.removesuffix(".zip") + DIRHASH_SUFFIX
                if await self.keep(beside, dirhash.encode()) is None:
                    return None
            replaced = await self.run(_publish, draft.fd, draft.path, path)
        except OSError as e:
            self.note_refusal(e)
            return None
        draft.path = None
        self.refusal = None
        self.used_bytes += draft.written - (replaced or 0)
        self.objects += replaced is None
        self.grown.set()
        status = os.fstat(draft.fd)
        return Held(path, status.st_size, status.st_mtime, dirhash=dirhash)

    async def keep(self, key: str, body: bytes) -> Held | None:
        """Publish a small file whose bytes are at hand; None when the disk refuses."""
        if not self._may_write():
            return None
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
            self._forget(Removed(size, 1))

    async def remove(self, eviction: Callable[..., Removed], *args: object) -> Removed:
        """Run an eviction over the tree and count what it took away."""
        removed = await self.run_slow(eviction, self.root, *args)
        self._forget(removed)
        return removed

    def _forget(self, removed: Removed) -> None:
        self.used_bytes -= removed.size
        self.objects -= removed.objects

    def close(self) -> None:
        """Write down what was used, and end the threads once what they are doing is done. Blocks."""
        _set_access_times(self._used)
        self._pool.shutdown()
        self._slow_pool.shutdown()


def _publish(fd: int, draft: Path, path: Path) -> int | None:
    """Return the size of the file that was replaced, None where there was none."""
    os.fsync(fd)
    path.parent.mkdir(parents=True, exist_ok=True)
    replaced = _size_of(path)
    draft.replace(path)
    return replaced


def _find_small(path: Path) -> tuple[Held, float] | None:
    try:
        fd = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        status = os.fstat(fd)
        held = Held(path, status.st_size, status.st_mtime, body=_read_all(fd, status.st_size))
        return held, status.st_atime
    finally:
        os.close(fd)


def _find_zip(path: Path) -> tuple[Held, float] | None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        dirhash = path.with_suffix(DIRHASH_SUFFIX).read_text()
    except FileNotFoundError:
        dirhash = None
    return Held(path, status.st_size, status.st_mtime, dirhash=dirhash), status.st_atime


def _read_all(fd: int, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size and (piece := os.read(fd, min(size - len(parts), _LARGEST_READ))):
        parts += piece
    return bytes(parts)


def _set_access_times(used: dict[Path, float]) -> None:
    for path, when in used.items():
        try:
            os.utime(path, ns=(int(when * 1e9), path.stat().st_mtime_ns))
        except OSError:
            continue  # gone meanwhile, or not ours to touch: it only counts as less used


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
    for entry in walk(root):
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        if status.st_mtime < before:
            size += status.st_size
            count += 1
    return size, count
