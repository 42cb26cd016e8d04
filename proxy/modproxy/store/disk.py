"""The cache directory: files under their escaped URL paths, published whole by rename, behind the answers.

System calls that block run in a pool of threads of the store, so that a slow disk delays only requests that need the
disk. Walks of the whole tree have a pool of their own. The folder `.modproxy/` below the root is private: its name is
no module path, so no request leads there.

A file's modification time is when it was fetched, and its access time is when it was last used: both survive a restart.
"""

import asyncio
import contextlib
import errno
import io
import os
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from modproxy.contract.spool import SPOOL_BYTES
from modproxy.room import Reservation, Room
from modproxy.store.draft import CACHE_IS_FULL, DiskDraft, create_draft, spool_draft
from modproxy.store.eviction import Freed, Remove
from modproxy.store.files import moment, seconds_of
from modproxy.store.folder import Folder
from modproxy.store.ledger import Ledger
from modproxy.store.pending import Pending, PendingFiles
from modproxy.store.pressure import Pressure
from modproxy.store.protocol import LARGEST_BODY, Draft, NoRoomError, StoredFile, StoreListener, etag_of
from modproxy.store.tree import PRIVATE
from modproxy.store.use import Use
from modproxy.threads import Pool

_THREADS = 8
_WALKERS = 2
_TRIAL_BYTES = 1 << 20
_DRAFTS_SHARE = 2
"""Half of the capacity is the most that files being written may have, because their promises evict stored files."""
_MEASURED_SECONDS = 1.0
"""How long the size of the file system is good for: each small file asks, and a volume seldom grows."""
_ROOM_SECONDS = 30.0
"""How long a fetch waits for room in the temporary folder: the go command asks no second time after an error."""


class DiskStore:
    """A `Store` that keeps its files below a folder, and counts them and their bytes.

    It is made inside the event loop, and `prepare` must be called first. The methods without an error in their
    docstring may raise `OSError` when the disk fails.
    """

    def __init__(self, root: Path, limit: int | None = None) -> None:
        self.root = root
        self.limit = limit
        """How many bytes may be stored; None for the size of the file system. It may be changed at any time."""
        self.private = root / PRIVATE
        """A folder for files that are not served."""
        self.counted = False
        """Whether the files of a former process have been counted."""
        self.grown = asyncio.Event()
        """It is set after each write and each refusal; the janitor clears it."""
        self.pressure = Pressure()
        self.lacking = 0
        """How many bytes an eviction has to free so that a file that had no room will have it."""
        self._drafts = self.private / "drafts"
        self._pool = Pool("disk", _THREADS)
        self._walkers = Pool("disk-walk", _WALKERS)
        self._serial = 0
        self._total = 0
        """The size of the file system, in bytes, as it was measured last."""
        self._measure_at = 0.0
        self._use = Use(root)
        self._ledger = Ledger(asyncio.get_running_loop())
        """It counts files; a file of a former process counts once `count` has found it."""
        self._folder = Folder(root, self._ledger)
        self._pending = PendingFiles(self._folder.publish, self._ended)
        self._folder.is_expected = self._pending.is_expected
        self.beside: Callable[[], int] = lambda: 0
        """Returns the bytes of files below the folder that are no stored files, and that count against the capacity."""
        self._room = Room(self._free_for_drafts)
        self._spool = Room(lambda: SPOOL_BYTES)

    def prepare(self) -> None:
        """Make the folders, and remove the drafts that a killed process left. Blocks; raises `OSError`."""
        shutil.rmtree(self._drafts, ignore_errors=True)
        self._drafts.mkdir(parents=True, exist_ok=True)
        # Files are given times of this machine's clock, and the clock of a file system elsewhere may go otherwise.
        self._ledger.born_ns = min(self._drafts.stat().st_mtime_ns, time.time_ns())

    def subscribe(self, listener: StoreListener) -> None:
        """Tell the listener of every file that is published or removed from now on."""
        self._ledger.subscribe(listener)

    @property
    def used_bytes(self) -> int:
        """The bytes of all stored files that have been counted, of the files that are being written, and of others."""
        return self.held_bytes + self._room.reserved

    @property
    def held_bytes(self) -> int:
        """The bytes of all stored files that have been counted, and of others beside them, without drafts."""
        return self._ledger.used_bytes + self.beside()

    @property
    def pending_files(self) -> int:
        """The number of files that are served and are not on the disk yet."""
        return len(self._pending)

    @property
    def objects(self) -> int:
        """The number of all stored files that have been counted."""
        return self._ledger.objects

    async def count(self) -> None:
        """Count the files that a former process left, while requests are answered already.

        Files that are younger than this process were counted when they were published.
        """
        await self._walkers.run(self._folder.count)
        self.counted = True
        self.grown.set()

    def capacity(self) -> int:
        """Return how many bytes may be stored: the smaller of the limit and the file system's size."""
        now = time.monotonic()
        if now >= self._measure_at:
            with contextlib.suppress(OSError):  # a folder that is gone refuses files, and need not refuse requests too
                self._total = shutil.disk_usage(self.root).total
            self._measure_at = now + _MEASURED_SECONDS
        return min(self.limit or self._total, self._total)

    def _free_for_drafts(self) -> int:
        capacity = self.capacity()
        return min(capacity - self.held_bytes, capacity // _DRAFTS_SHARE)

    def free(self) -> tuple[int, int]:
        """Return the bytes that are free on the file system for this process, and the bytes of all of it."""
        usage = shutil.disk_usage(self.root)
        return usage.free, usage.total

    async def get(self, key: str) -> StoredFile | None:
        """Look a file up, and note that it is used. A small file comes with its bytes."""
        pending = self._pending.get(key)
        if pending is not None:
            return pending.file
        found = await self._pool.run(self._folder.look_up, key)
        if found is None:
            return None
        file, used = found
        self._use.note(key, used)
        return file

    async def look(self, key: str) -> StoredFile | None:
        """Look a file up for the store's own purposes, which are no use of the file."""
        if (pending := self._pending.get(key)) is not None:
            return pending.file
        found = await self._pool.run(self._folder.look_up, key)
        return None if found is None else found[0]

    def note_use(self, key: str) -> None:
        """Note that a file is used, which `get` found earlier."""
        self._use.note(key)

    async def open(self, file: StoredFile) -> BinaryIO:
        """Open a file that `get` has found. Raises `FileNotFoundError` when the file was removed or replaced meanwhile:
        what stands in its place has another size and another tag.
        """
        pending = self._pending.get(file.key)
        if pending is not None and pending.file != file:
            pending = None
        if pending is not None and pending.body is not None:
            return io.BytesIO(pending.body)
        draft = pending.draft if pending is not None else None
        return await self._pool.run(_open_first, file, draft, self.root / file.key)

    async def write_down_use(self) -> None:
        """Record as access times which files were used since the last call."""
        if used := self._use.take():
            await self._walkers.run(self._use.write_down, used)

    async def draft(self, size: int | None = None, first: bytes = b"") -> DiskDraft:
        """Begin a draft to publish, or a draft only to serve while the disk refuses writes or has no room.

        Raises `OSError`.
        """
        promised = max(size or 0, len(first))
        draft = await self._draft_to_publish(promised, first)
        if draft is not None:
            return draft
        return await spool_draft(self._pool, self._spool, promised, first, _ROOM_SECONDS)

    async def _draft_to_publish(self, size: int, first: bytes) -> DiskDraft | None:
        """Begin a draft below the cache directory; None when the disk refuses, or has no room for `size` bytes."""
        if not self.pressure.may_try:
            return None
        held = self._reserved(size)
        if held is None:
            return None
        path = self._new_path()
        try:
            file = await self._pool.run(create_draft, path, first)
        except OSError as e:
            held.release()
            self._refused(e)
            return None
        except BaseException:
            held.release()
            path.unlink(missing_ok=True)
            raise
        return DiskDraft(path, file, self._pool, held, self._spool, written=len(first))

    def _reserved(self, size: int) -> Reservation | None:
        held = self._room.reserve(size)
        if held is None:
            self._refused(NoRoomError(CACHE_IS_FULL), size)
        return held

    def _new_path(self) -> Path:
        self._serial += 1
        return self._drafts / f"{os.getpid()}-{self._serial}"

    def _refused(self, error: OSError, size: int = 0) -> None:
        """Note that a file of `size` bytes could not be stored."""
        if not isinstance(error, NoRoomError):
            self.pressure.refused(error)
        elif size <= self.capacity() // _DRAFTS_SHARE:  # a larger file never has room, so nothing is evicted for it
            self.lacking = max(self.lacking, size, 1)
            self.pressure.full(self._ledger.used_bytes)
        self.grown.set()

    async def try_to_write(self) -> None:
        """End a refusal if the disk takes a file again, even when no client requests one. Raises `OSError`."""
        await self._pool.run(partial(self._drafts.mkdir, parents=True, exist_ok=True))
        size = min(_TRIAL_BYTES, self.capacity() // 10)
        if self.used_bytes + size > self.capacity():
            return
        begun = time.monotonic()
        draft = await self._draft_to_publish(size, bytes(size))
        if draft is None:
            return
        try:
            await self._pool.run(os.fsync, draft.fd)
            self.pressure.written(begun)
        finally:
            draft.close()

    async def publish(
        self, draft: Draft, key: str, dirhash: str, voucher: str = "", *, copy: bool = False
    ) -> StoredFile | None:
        """Store a zip, and its hash beside it. Returns None for a zip that the disk has refused."""
        if not isinstance(draft, DiskDraft):
            raise TypeError("a draft is published by the store that made it")
        file = StoredFile(key, draft.written, moment(), etag_of((dirhash.encode(),)), dirhash=dirhash, voucher=voucher)
        return self._add_draft(draft, file, copy=copy)

    async def put(
        self, key: str, body: bytes, voucher: str = "", *, copy: bool = False, age: float = 0.0
    ) -> StoredFile | None:
        """Store a small file. Returns None when the disk refuses."""
        size, now = len(body), moment(age)
        if age and self._ledger.counting and now * 1e9 < self._ledger.born_ns:
            return None  # the count takes it for a file of a former process, and would count it twice
        if size > LARGEST_BODY:
            tag = await self._pool.run(etag_of, (body,))
            return await self._put_large(StoredFile(key, size, now, tag, voucher=voucher), body, copy=copy)
        if not self.pressure.may_try or not self._pending.has_room(size):
            return None
        held = self._reserved(size)
        if held is None:
            return None
        file = StoredFile(key, size, now, etag_of((body,)), body, voucher=voucher)
        self._add(Pending(file, self._new_path(), held, body), copy=copy)
        return file

    async def _put_large(self, file: StoredFile, body: bytes, *, copy: bool) -> StoredFile | None:
        draft = await self._draft_to_publish(file.size, body)
        if draft is None:
            return None
        try:
            return self._add_draft(draft, file, copy=copy)
        finally:
            draft.close()

    def _add_draft(self, draft: DiskDraft, file: StoredFile, *, copy: bool) -> StoredFile | None:
        if draft.path is None:
            if draft.refusal is not None:
                self._refused(draft.refusal, draft.written)
            return None
        if not self._pending.has_room(0):
            return None
        self._add(Pending(file, *draft.handed_over()), copy=copy)
        return file

    def _add(self, one: Pending, *, copy: bool) -> None:
        self._pending.add(one)
        self._ledger.tell(one.file.key, published=True, copy=copy)

    def _ended(self, one: Pending, error: OSError | None) -> None:
        """Note that a pending file has its place in the folder, or gets none."""
        if error is None:
            self.pressure.written(one.begun)
        else:
            self._refused(error, one.file.size)
            if not one.dropped:
                self._ledger.tell(one.file.key, published=False)
        self.grown.set()

    async def settle(self) -> None:
        """Wait until each file that the store has is on the disk."""
        await self._pending.settle()

    async def delete(self, key: str) -> None:
        """Remove a file, if it is stored; with a zip, its hash."""
        dropped = self._pending.drop(key)
        freed = await self._pool.run(self._folder.remove, key, lambda _: True)
        if dropped and not freed.objects:
            self._ledger.tell(key, published=False)

    async def evict(self, eviction: Callable[[Path, Remove, float], Freed], measure: float) -> Freed:
        """Run an eviction over the tree, by the bytes or the time that it takes as its measure."""
        return await self._walkers.run(eviction, self.root, self._folder.remove, measure)

    def close(self) -> None:
        """Record which files were used, and end the threads after their work under way. Blocks.

        Files that are pending are lost, unless `settle` was awaited before.
        """
        self._use.write_down(self._use.take())
        self._pending.close()
        self._pool.close()
        self._walkers.close()


def _open_first(file: StoredFile, draft: Path | None, path: Path) -> BinaryIO:
    """Open the draft of a file, which may get its name meanwhile, else what has the name, if it is this very file.

    Raises `FileNotFoundError`.
    """
    if draft is not None:
        with contextlib.suppress(FileNotFoundError):
            return draft.open("rb")
    opened = path.open("rb")
    status = os.fstat(opened.fileno())
    if status.st_size == file.size and seconds_of(status.st_mtime_ns) == file.modified:
        return opened
    opened.close()
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
