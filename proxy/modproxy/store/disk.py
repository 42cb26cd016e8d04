"""The cache directory: files under their escaped URL paths, published whole by rename.

System calls that block run in a pool of threads of the store, so that a slow disk delays only requests that need the
disk. Walks of the whole tree have a pool of their own. The folder `.modproxy/` below the root is private: its name is
no module path, so no request leads there.

A file's modification time is when it was fetched, and its access time is when it was last used: both survive a restart.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from modproxy.store.draft import DiskDraft, spool
from modproxy.store.etags import Etags
from modproxy.store.eviction import DIRHASH_SUFFIX, PRIVATE, Gone
from modproxy.store.files import Found, find, list_all, put_in_place, remove
from modproxy.store.pressure import Pressure
from modproxy.store.protocol import Draft, Listed, StoredFile, StoreListener
from modproxy.store.use import Use
from modproxy.threads import Pool

_THREADS = 8
_WALKERS = 2
_TRIAL_BYTES = 1 << 20
_TOLD_AT_ONCE = 500
"""How many removed files the listeners are told of at once: a million of them would block the event loop."""


class DiskStore:
    """A `Store` that keeps its files below a folder, and counts them and their bytes.

    `prepare` must be called first. The methods without an error in their docstring may raise `OSError` when the disk
    fails.
    """

    def __init__(self, root: Path, limit: int | None = None) -> None:
        self.root = root
        self.limit = limit
        """How many bytes may be stored; None for the size of the file system. It may be changed at any time."""
        self.private = root / PRIVATE
        """A folder for files that are not served."""
        self.used_bytes = 0
        """The bytes of all stored files that have been counted."""
        self.objects = 0
        """The number of all stored files that have been counted."""
        self.counted = False
        """Whether the files of a former process have been counted."""
        self.grown = asyncio.Event()
        """It is set after each write and each refusal; the janitor clears it."""
        self.pressure = Pressure()
        self._drafts = self.private / "drafts"
        self._pool = Pool("disk", _THREADS)
        self._walkers = Pool("disk-walk", _WALKERS)
        self._serial = 0
        self._born = 0.0
        self._use = Use(root)
        self._etags = Etags()
        self._listeners: list[StoreListener] = []

    def prepare(self) -> None:
        """Make the folders, and remove the drafts that a killed process left. Blocks; raises `OSError`."""
        shutil.rmtree(self._drafts, ignore_errors=True)
        self._drafts.mkdir(parents=True, exist_ok=True)
        # The file system's own clock is used, because this time is compared with times of the file system's files.
        self._born = self._drafts.stat().st_mtime

    def subscribe(self, listener: StoreListener) -> None:
        """Tell the listener of every file that is published or removed from now on."""
        self._listeners.append(listener)

    async def scan(self) -> AsyncIterator[Sequence[Listed]]:
        """Find every stored file; the hashes beside zips are among the files."""
        batches = list_all(self.root)

        def next_batch() -> Sequence[Listed] | None:
            return next(batches, None)

        while (batch := await self._walkers.run(next_batch)) is not None:
            yield batch

    async def count(self) -> None:
        """Count the files that a former process left, while requests are answered already.

        Files that are younger than this process were counted when they were published.
        """
        async for batch in self.scan():
            old = [file.size for file in batch if file.modified < self._born]
            self.used_bytes += sum(old)
            self.objects += len(old)
        self.counted = True
        self.grown.set()

    def capacity(self) -> int:
        """Return how many bytes may be stored: the smaller of the limit and the file system's size."""
        total = shutil.disk_usage(self.root).total
        return min(self.limit or total, total)

    def free(self) -> tuple[int, int]:
        """Return the bytes that are free on the file system for this process, and the bytes of all of it."""
        usage = shutil.disk_usage(self.root)
        return usage.free, usage.total

    async def get(self, key: str) -> StoredFile | None:
        """Look a file up, and note that it is used. A small file comes with its bytes."""
        found = await self._pool.run(self._find, key)
        if found is None:
            return None
        file, used = found
        self._use.note(key, used)
        return file

    def _find(self, key: str) -> tuple[StoredFile, float] | None:
        found = find(self.root / key)
        return None if found is None else (self._stored(key, found), found.used)

    def _stored(self, key: str, found: Found) -> StoredFile:
        content = found.content
        etag = None if content is None else self._etags.of(key, (found.size, found.modified_ns, found.inode), content)
        is_zip = key.endswith(".zip")
        return StoredFile(
            key,
            found.size,
            found.modified_ns / 1e9,
            etag,
            body=None if is_zip else content,
            dirhash=content.decode() if is_zip and content is not None else None,
        )

    async def open(self, file: StoredFile) -> BinaryIO:
        """Open a file that `get` has found. Raises `FileNotFoundError` when the file was removed meanwhile."""
        return await self._pool.run((self.root / file.key).open, "rb")

    async def write_down_use(self) -> None:
        """Record as access times which files were used since the last call."""
        if used := self._use.take():
            await self._walkers.run(self._use.write_down, used)

    async def draft(self) -> DiskDraft:
        """Begin a draft to publish, or a draft only to serve while the disk refuses writes. Raises `OSError`."""
        if self._may_write():
            self._serial += 1
            path = self._drafts / f"{os.getpid()}-{self._serial}"
            try:
                fd = await self._pool.run(os.open, path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
                return DiskDraft(path, fd, self._pool)
            except OSError as e:
                self._refused(e)
        return await self._pool.run(spool, self._pool)

    def _may_write(self) -> bool:
        if self.used_bytes >= self.capacity():
            self.pressure.full(self.used_bytes)
            self.grown.set()
            return False
        return self.pressure.may_try

    def _refused(self, error: OSError) -> None:
        self.pressure.refused(error)
        self.grown.set()

    async def try_to_write(self) -> None:
        """End a refusal if the disk takes a file again, even when no client requests one. Raises `OSError`."""
        if not self._may_write():
            return
        draft = await self.draft()
        try:
            await draft.write(bytes(_TRIAL_BYTES))
            if draft.path is not None:
                await self._pool.run(os.fsync, draft.fd)
                self.pressure.written()
        finally:
            draft.close()

    async def publish(self, draft: Draft, key: str, dirhash: str) -> StoredFile | None:
        """Store a zip, after its hash was recorded beside it. Returns None when the disk refuses."""
        if not isinstance(draft, DiskDraft):
            raise TypeError("a draft is published by the store that made it")
        if draft.path is not None:
            beside = key.removesuffix(".zip") + DIRHASH_SUFFIX
            if await self._keep(beside, dirhash.encode()) is None:
                return None
        return self._tell_published(await self._publish(draft, key, dirhash.encode()))

    async def put(self, key: str, body: bytes) -> StoredFile | None:
        """Store a small file. Returns None when the disk refuses."""
        return self._tell_published(await self._keep(key, body))

    async def _keep(self, key: str, body: bytes) -> StoredFile | None:
        if not self._may_write():
            return None
        try:
            draft = await self.draft()
        except OSError:
            return None  # the draft has noted the refusal
        try:
            await draft.write(body)
            return await self._publish(draft, key, body)
        except OSError as e:
            self._refused(e)
            return None
        finally:
            draft.close()

    async def _publish(self, draft: DiskDraft, key: str, content: bytes) -> StoredFile | None:
        if draft.path is None:
            if draft.refusal is not None:
                self._refused(draft.refusal)
            return None
        try:
            file, replaced = await self._pool.run(self._put_in_place, draft.fd, draft.path, key, content)
        except OSError as e:
            self._refused(e)
            return None
        draft.path = None
        self.pressure.written()
        self.used_bytes += draft.written - (replaced or 0)
        self.objects += replaced is None
        self.grown.set()
        return file

    def _put_in_place(self, fd: int, draft: Path, key: str, content: bytes) -> tuple[StoredFile, int | None]:
        found, replaced = put_in_place(fd, draft, self.root / key, content)
        return self._stored(key, found), replaced

    def _tell_published(self, file: StoredFile | None) -> StoredFile | None:
        if file is not None:
            for listener in self._listeners:
                listener.published(file.key)
        return file

    async def delete(self, key: str) -> None:
        """Remove a file, if it is stored; with a zip, its hash."""
        keys = [key, key.removesuffix(".zip") + DIRHASH_SUFFIX] if key.endswith(".zip") else [key]
        for name in keys:
            size = await self._pool.run(remove, self.root / name)
            if size is not None:
                self._forget([Gone(name, size)])

    async def evict(self, eviction: Callable[..., Iterable[Gone]], *args: object) -> tuple[int, int]:
        """Run an eviction over the tree, as `eviction(root, *args)`.

        Returns how many files were removed, and their bytes.
        """
        loop = asyncio.get_running_loop()

        def run() -> tuple[int, int]:
            count = size = 0
            batch: list[Gone] = []
            try:
                for gone in eviction(self.root, *args):
                    count, size = count + 1, size + gone.size
                    batch.append(gone)
                    if len(batch) >= _TOLD_AT_ONCE:
                        loop.call_soon_threadsafe(self._forget, batch)
                        batch = []
            finally:  # the files before an error have been removed all the same
                loop.call_soon_threadsafe(self._forget, batch)
            return count, size

        return await self._walkers.run(run)

    def _forget(self, files: Sequence[Gone]) -> None:
        self.used_bytes -= sum(gone.size for gone in files)
        self.objects -= len(files)
        for gone in files:
            self._etags.forget(gone.key)
            if not gone.key.endswith(DIRHASH_SUFFIX):
                for listener in self._listeners:
                    listener.removed(gone.key)

    def close(self) -> None:
        """Record which files were used, and end the threads after their work under way. Blocks."""
        self._use.write_down(self._use.take())
        self._pool.close()
        self._walkers.close()
