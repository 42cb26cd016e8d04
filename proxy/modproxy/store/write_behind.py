"""Writes to the object store what the store publishes, behind the answers.

The name of a file goes into a journal on the disk at once (`journal`), and a few workers write the files in the
background (`uploads` says which). While the object store takes nothing, only names collect: `MOST_NAMES` of them in
memory, the others in the journal, and where that is full too, a mark to go through all that the disk has. So no request
ever waits for the object store. What does wait is the going-through itself: it has a part of the queue only.

Copies are not written: another replica writes them, or the object store has them. A process that ends writes what it
can in `_FLUSH_SECONDS`; the journal has the rest, and also all of what a killed process had not written.
"""

import asyncio
import contextlib
import hashlib
import logging
import random
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from modproxy.bucket.bucket import Bucket, BucketError
from modproxy.bucket.client import BucketSettings
from modproxy.bucket.failure import BucketFailure
from modproxy.contract.report import ObjectStoreState
from modproxy.store.disk import DiskStore
from modproxy.store.filling import Filling
from modproxy.store.journal import Journal, Loaded, note_unfilled
from modproxy.store.upload_body import pieces_of, record_of, sha256_of, sha256_of_file
from modproxy.store.uploads import MOST_NAMES, Uploads, is_to_be_written, may_change
from modproxy.threads import Pool

_WORKERS = 4
_WHOLE = 4 << 20
"""In bytes: a file of this size is written by one request, from memory. So the workers need 16 MiB at most."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds after a failure. Each further one in a row doubles them."""
_FLUSH_SECONDS = 5.0
_OF_DATABASES = "sumdb/"
_COMPACT_BYTES = 1 << 20
"""A journal of so many bytes is written anew once most of its names are done."""
_TOLD_AFTER = 5
"""So many failures of writes in a row are told, though the check of the store finds nothing."""

log = logging.getLogger(__name__)


class WriteBehind:
    """Listens to the store, and writes its files to the bucket. It is made inside the event loop."""

    def __init__(self, store: DiskStore, bucket: Bucket) -> None:
        self._store = store
        self.bucket = bucket
        self.lost = 0
        """How many files were removed before the object store had them, or were refused by it again and again."""
        self._uploads = Uploads()
        self._journal: Journal | None = None
        self._identity: str | None = None
        """Which object store the config names; empty for none, None before the first config."""
        self._beyond: int | None = None
        """From where the journal has names that memory has not; None where memory has them all."""
        self._noted_beyond = 0
        """How many of these there are at least."""
        self._news = asyncio.Event()
        self._pool = Pool("journal", 1)
        self._large = asyncio.Lock()
        """Held while a large file is written: its parts are in memory."""
        self._failures = 0
        """Of writes, in a row."""
        self._failure: BucketFailure | None = None
        self._since: float | None = None
        self._running: asyncio.Task[None] | None = None
        store.subscribe(self)

    @property
    def waiting(self) -> int:
        """How many files are still to be written, as far as they are known."""
        return len(self._uploads) + self._noted_beyond

    def report(self) -> ObjectStoreState | None:
        """Return how the object store fares; None without one."""
        settings, health = self.bucket.settings, self.bucket.health
        if settings is None:
            return None
        own = self._failure if self._failures >= _TOLD_AFTER else None
        failure, since = (health.failure, health.since) if health.failure else (own, self._since if own else None)
        return ObjectStoreState(
            url=settings.config.url,
            failure=failure.words if failure else None,
            remedy=failure.remedy if failure else "",
            since=since,
            waiting=self.waiting,
            lost=self.lost,
        )

    async def take(self, settings: BucketSettings | None) -> None:
        """Take the object store of a newer config, with what is to be written to it."""
        same = _identity(settings) == self._identity
        if settings != self.bucket.settings:
            await self.bucket.take(settings)
        if same:
            return
        self._identity = _identity(settings)
        if self._journal is not None:
            await self._pool.run(self._journal.close)
        self._journal, self._uploads, self._beyond, self._noted_beyond = None, Uploads(), None, 0
        folder = self._store.private / "object-store"
        try:
            await self._pool.run(partial(note_unfilled, folder, but=self._identity))
        except OSError as e:
            log.error("the journals of other object stores cannot be changed: %s", e.strerror)
        if settings is None:
            return
        journal = Journal(folder / self._identity)
        try:
            await self._pool.run(journal.open)
            self._journal = journal
            loaded = await self._pool.run(journal.load, 0, MOST_NAMES)
            # A killed process did not bring all of its files to the disk. They will be fetched anew, and are not lost.
            gone = await self._pool.run(_gone, loaded.keys, self._store.root)
            self._loaded(loaded, gone)
        except OSError as e:
            log.error("the journal of the object store cannot be read: %s", e.strerror)

    def _loaded(self, loaded: Loaded, gone: Sequence[str] = ()) -> None:
        self._beyond = loaded.at if loaded.more else None
        self._noted_beyond = max(self._noted_beyond - len(loaded.keys), 1) if loaded.more else 0
        for key in loaded.keys:
            self._uploads.add(key)
        for key in gone:
            self._uploads.forget(key)
            if self._journal is not None:
                self._journal.done(key)
        self._news.set()

    def published(self, key: str, *, copy: bool) -> None:
        """Have a file written, unless it is a copy. One that replaces a refused file is written in any case, and so is
        an answer of a checksum database, which the replica that fetched it may only have handed on.
        """
        journal = self._journal
        needless = copy and not key.startswith(_OF_DATABASES) and not self.bucket.is_spoiled(key)
        if journal is None or needless or "\n" in key:
            return
        if key in self._uploads:
            self._uploads.add(key)  # its name is in the journal
            return
        begins = journal.size
        if not journal.add(key):
            journal.note_filled(filled=False)
        if self._uploads.full or self._beyond is not None:
            # Once names are in the journal alone, the next ones are too, so that they are read in their order.
            self._beyond = begins if self._beyond is None else self._beyond
            self._noted_beyond += 1
            return
        self._uploads.add(key)
        self._news.set()

    def removed(self, key: str) -> None:
        """Note that a file has gone. One that can never change and that waits is lost for the object store."""
        if self._journal is not None and self._uploads.forget(key):
            self._journal.done(key)
            self.lost += not may_change(key)

    async def run(self) -> None:
        """Write what waits, without end."""
        self._running = asyncio.current_task()
        async with asyncio.TaskGroup() as group:
            for _ in range(_WORKERS):
                group.create_task(self._work())
            group.create_task(Filling(self._store, self).run())

    async def _work(self) -> None:
        while True:
            await self._refill()
            self._news.clear()
            key = self._uploads.next() if self.bucket.settings is not None else None
            if key is None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._uploads.next_due):
                        await self._news.wait()
            elif not await self._write(key):
                await asyncio.sleep(self._pause())

    def _pause(self) -> float:
        pause: float = min(FIRST_PAUSE * 2.0 ** min(self._failures // _WORKERS, 10), LONGEST_PAUSE)
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - it spreads the tries of many replicas

    async def _write(self, key: str) -> bool:
        """Write a file if the object store needs it. Returns whether the object store takes files."""
        uploads = self._uploads
        try:
            etag = await self._put(key)
        except BucketError as e:
            if uploads is self._uploads:
                self._failed(key, e.failure)
            return False
        except FileNotFoundError:
            etag = None  # it has gone, or another one in its place waits by itself
        except OSError as e:
            if uploads is self._uploads:
                log.warning("%s cannot be read to be written to the object store: %s", key, e.strerror)
                self._try_again(key)
            return False
        except BaseException:
            if not uploads.failed(key):
                uploads.ended(key, written=False)
            raise
        if uploads is not self._uploads:
            return True
        if self._failures:
            log.info("the object store takes files again")
        self._failures, self._failure, self._since = 0, None, None
        if uploads.ended(key, etag) and self._journal is not None:
            self._journal.done(key)
            await self._compact()
        return True

    def _failed(self, key: str, failure: BucketFailure) -> None:
        if self._failure is None or self._failure.kind != failure.kind:
            log.warning("files wait to be written to the object store, which %s", failure.words)
        self._failure, self._since = failure, self._since or time.time()
        self.bucket.health.look_soon()
        self._try_again(key)

    def _try_again(self, key: str) -> None:
        self._failures += 1
        if not self._uploads.failed(key):
            log.error("%s is given up: other files could be written to the object store meanwhile", key)
            self._uploads.ended(key, written=False)
            self.lost += 1
            if self._journal is not None:
                self._journal.done(key)

    async def _put(self, key: str) -> str | None:
        """Write a file, unless the object store has it or nobody has it any more. Returns the ETag of what it has."""
        file, spoiled = await self._store.look(key), self.bucket.is_spoiled(key)
        if file is None:
            self.lost += not may_change(key)
            return None
        if self._uploads.is_known(key, file.etag) and not spoiled:
            return file.etag
        small = file.size <= _WHOLE
        create = small and not may_change(key) and not spoiled
        with await self._store.open(file) as opened:
            body = await asyncio.to_thread(opened.read, file.size) if small else b""
            if create:
                await self.bucket.put(key, body, record_of(file, sha256_of(body)), create=True)
                return file.etag
            digest = sha256_of(body) if small else await asyncio.to_thread(sha256_of_file, opened)
            record = record_of(file, digest)
            if not spoiled and not is_to_be_written(key, record, await self.bucket.head(key)):
                return file.etag
            if small:
                await self.bucket.put(key, body, record, create=False)
            else:
                async with self._large:
                    opened.seek(0)
                    await self.bucket.put_large(key, pieces_of(opened), record)
        return file.etag

    async def _refill(self) -> None:
        """Read more names from the journal, once memory has few."""
        journal, beyond = self._journal, self._beyond
        if journal is None or beyond is None or len(self._uploads) > MOST_NAMES // 2:
            return
        try:
            loaded = await self._pool.run(journal.load, beyond, MOST_NAMES // 2)
        except OSError as e:
            log.error("the journal of the object store cannot be read: %s", e.strerror)
            loaded = Loaded([], journal.size, False)
            journal.note_filled(filled=False)
        if journal is self._journal and beyond == self._beyond:
            if not loaded.more and loaded.at < journal.size:
                loaded = Loaded(loaded.keys, loaded.at, True)  # names came while the journal was read
            self._loaded(loaded)

    async def _compact(self) -> None:
        journal = self._journal
        if journal is None or self._beyond is not None or journal.size < _COMPACT_BYTES:
            return
        keys = list(self._uploads.keys())
        if journal.size < 4 * sum(len(key) + 2 for key in keys):
            return
        try:
            journal.begin_anew(keys)
        except OSError as e:
            log.warning("the journal of the object store cannot be written anew: %s", e.strerror)

    @property
    def journal(self) -> Journal | None:
        """The journal of the object store that the config names; None without one."""
        return self._journal

    @property
    def is_busy(self) -> bool:
        """Whether names are in the journal alone, or the object store takes nothing."""
        return self._beyond is not None or self._failures > 0

    def add_found(self, key: str) -> None:
        """Have a file written that the disk has, without a line in the journal: it will be found again."""
        if key not in self._uploads:
            self._uploads.add(key)
            self._news.set()

    def waits(self, key: str) -> bool:
        """Say whether a file is still to be written."""
        return key in self._uploads

    async def close(self) -> None:
        """Write what waits, for some seconds; the journal has the rest."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        if self._journal is not None and len(self._uploads):
            workers = [asyncio.create_task(self._flush()) for _ in range(_WORKERS)]
            _, late = await asyncio.wait(workers, timeout=_FLUSH_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
            if len(self._uploads):
                log.warning("%d files wait for the object store: the next start writes them", len(self._uploads))
        if self._journal is not None:
            await self._pool.run(self._journal.close)
            self._journal = None
        self._pool.close()

    async def _flush(self) -> None:
        while (key := self._uploads.next(at_once=True)) is not None and await self._write(key):
            pass


def _gone(keys: Sequence[str], root: Path) -> list[str]:
    return [key for key in keys if not (root / key).exists()]


def _identity(settings: BucketSettings | None) -> str:
    if settings is None:
        return ""
    return hashlib.sha256(f"{settings.config.url} {settings.config.endpoint or ''}".encode()).hexdigest()[:16]
