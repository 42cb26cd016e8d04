"""The depot: where is kept what must not be lost, such as the modules that are published to the fleet.

It is the object store of the config. Without one it is a folder of this replica, apart from the cache: nothing there is
evicted. A file is in the depot for good before a write returns. The keys are `hosted/` with a target's key for the
files that were published, and the target's key alone for files of upstreams that somebody has brought.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from modproxy.bucket.bucket import Bucket, BucketError, beside_key
from modproxy.bucket.client import BucketSettings
from modproxy.bucket.failure import WRITE, BucketFailure, explain_os, failure_of, lacks_conditions
from modproxy.bucket.folder import FolderFiles, NoLinksError
from modproxy.bucket.place import FOLDER, PRIVATE
from modproxy.bucket.record import ObjectRecord
from modproxy.contract.config import ObjectStoreConfig
from modproxy.contract.report import ObjectStoreState

HOSTED = "hosted/"
"""Begins the keys of files that were published to the fleet: a valid GOPROXY tree is below it."""
_CONDITIONAL = f"{PRIVATE}/conditional"
_WHOLE = 4 << 20
"""In bytes: a file of this size is written by one request, from memory."""
_PIECE = 256 << 10
_TRIES = 4
_LIST_SECONDS = 20.0
_LISTED_AT_ONCE = 1000
"""Of S3: no answer has more keys."""
T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listed:
    """Names a file of the depot."""

    key: str
    size: int
    modified: float
    """When it was written, in seconds since the epoch, by the clock of the store."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Carries a small file of the depot, with what is kept with it."""

    body: bytes
    record: ObjectRecord | None


class Depot:
    """Keeps files in the bucket that the config has. All methods that ask raise `BucketError`."""

    def __init__(self, shared: Bucket, folder: Path) -> None:
        """`shared` is the object store of the fleet, and `folder` is used in its place where there is none."""
        self._shared = shared
        self._folder = folder
        self.own = Bucket()
        """The bucket that is the folder of this replica. It is off where the depot is the object store, or nothing."""
        self._on = False
        self._settings: BucketSettings | None = None
        self._files: FolderFiles | None = None
        self.failure: BucketFailure | None = None
        """Why the depot takes no files, beside what the checks of the object store find; None while it takes them."""
        self._since: float | None = None
        self._conditional: Bucket | None = None
        """The bucket that was found to know conditional writes."""

    async def take(self, settings: BucketSettings | None, *, on: bool) -> None:
        """Use the object store of a newer config, or the folder of this replica without one. Raises nothing.

        `on` says whether the config asks for a depot: without it nothing is opened. The object store has to have taken
        its settings before.
        """
        if on == self._on and settings == self._settings:
            return
        self.failure, self._since = None, None
        self._on, self._settings, self._files, self._conditional = on, settings, None, None
        if not on or settings is not None:
            await self.own.take(None)
            if on and settings is not None and settings.place.kind == FOLDER:
                self._files = await self._begun(FolderFiles(Path(settings.place.bucket)), alone=False)
            return
        self._files = await self._begun(FolderFiles(self._folder), alone=True)
        config = ObjectStoreConfig.model_construct(url="file:///depot")
        await self.own.take(BucketSettings(config, folder=self._folder))

    async def _begun(self, files: FolderFiles, *, alone: bool) -> FolderFiles:
        with contextlib.suppress(OSError):  # each write tells it
            await asyncio.to_thread(files.begin, alone=alone)
        return files

    @property
    def bucket(self) -> Bucket | None:
        """The bucket; None where the config asks for no depot."""
        if not self._on:
            return None
        return self._shared if self._settings is not None else self.own

    @property
    def used_bytes(self) -> int:
        """The bytes of the folder of this replica; none where the depot is the object store."""
        return self._files.used_bytes if self._files is not None and self._settings is None else 0

    @property
    def in_own_folder(self) -> bool:
        """Whether the depot is a folder on the volume of this replica."""
        return self._on and self._settings is None

    def _bucket(self) -> Bucket:
        bucket = self.bucket
        if bucket is None:
            raise BucketError(failure_of("off"))
        return bucket

    async def require_conditions(self) -> None:
        """Find out, once for each bucket, whether it makes a file only where there is none: some stores ignore that."""
        bucket = self._bucket()
        if self._conditional is bucket:
            return
        if await self.create(_CONDITIONAL, b"modproxy\n") and await self.create(_CONDITIONAL, b"modproxy\n"):
            raise self._noted(failure_of("unconditional", WRITE))
        self._conditional, self.failure, self._since = bucket, None, None

    async def create(self, key: str, body: bytes) -> bool:
        """Write a small file where there is none. Returns False, and changes nothing, where there is one.

        Nothing is kept with it. A store without conditional writes is a `BucketError`. An error leaves open whether the
        file is there.
        """
        bucket = self._bucket()
        if self._files is not None:
            return await self._in_folder(bucket, partial(self._files.create, key, body))
        for _ in range(_TRIES):
            try:
                return await self._create(bucket, key, body)
            except BucketError as e:
                # S3 says 409 where two write at once, and nobody knows whether one of them has written.
                if e.failure.kind != "busy":
                    raise
            if await bucket.head(key) is not None:
                return False
        raise BucketError(failure_of("busy"))

    async def _create(self, bucket: Bucket, key: str, body: bytes) -> bool:
        clients, _ = bucket.in_use()
        import obstore  # noqa: PLC0415 - see `client`

        try:
            with bucket.told("create", WRITE, absent="bucket"):
                try:
                    await obstore.put_async(clients.write, key, body, mode="create", use_multipart=False)
                except Exception as e:
                    if lacks_conditions(type(e).__name__, str(e)):
                        raise self._noted(failure_of("unconditional", WRITE)) from None
                    raise
        except FileExistsError:
            return False
        return True

    async def put(self, key: str, body: bytes, record: ObjectRecord | None) -> None:
        """Write a small file with its record, in place of one that is there."""
        bucket = self._bucket()
        if self._files is not None:
            await self._put_in_folder(self._files, bucket, key, [body], record)
            return
        if record is not None:
            await bucket.put(key, body, record, create=False)
            return
        clients, _ = bucket.in_use()
        import obstore  # noqa: PLC0415 - see `client`

        with bucket.told("put", WRITE, absent="bucket"):
            await obstore.put_async(clients.write, key, body, use_multipart=False)

    async def put_file(self, key: str, file: BinaryIO, record: ObjectRecord) -> None:
        """Write a file of any size with its record, in place of one that is there. Raises `OSError` of `file` too."""
        bucket = self._bucket()
        if self._files is not None:
            await self._put_in_folder(self._files, bucket, key, iter(partial(file.read, _PIECE), b""), record)
        elif record.size <= _WHOLE:
            await bucket.put(key, await asyncio.to_thread(file.read, record.size), record, create=False)
        else:

            async def pieces() -> AsyncIterator[bytes]:
                while piece := await asyncio.to_thread(file.read, _PIECE):
                    yield piece

            await bucket.put_large(key, pieces(), record)
        bucket.unspoil(key)

    async def read(self, key: str, largest: int) -> Kept | None:
        """Return a small file; None where it is not there. More than `largest` bytes are a failure of the store."""
        bucket = self._bucket()
        found = await bucket.get(key)
        if found is None:
            return None
        if found.size > largest:
            raise BucketError(failure_of("other"))
        try:
            body = b"".join([piece async for piece in bucket.pieces(found)])
        except BucketError as e:
            bucket.read_failed(e.failure)
            raise
        return Kept(body, found.record)

    async def head(self, key: str) -> tuple[int, ObjectRecord | None] | None:
        """Return the size and the record of a file; None where it is not there."""
        return await self._bucket().head(key)

    async def delete(self, key: str) -> None:
        """Remove a file with its record, if it is there."""
        bucket = self._bucket()
        if self._files is not None:
            await self._in_folder(bucket, partial(self._files.delete, key))
            await self._in_folder(bucket, partial(self._files.delete, beside_key(key)))
            return
        clients, _ = bucket.in_use()
        import obstore  # noqa: PLC0415 - see `client`

        with contextlib.suppress(FileNotFoundError), bucket.told("delete", WRITE):
            await obstore.delete_async(clients.write, key)

    async def list(self, prefix: str, most: int) -> tuple[list[Listed], bool]:
        """Return at most `most` files below a folder, and whether there are more. `prefix` has no slash at its end."""
        return await list_files(self._bucket(), prefix, most)

    async def _put_in_folder(
        self, files: FolderFiles, bucket: Bucket, key: str, pieces: Iterable[bytes], record: ObjectRecord | None
    ) -> None:
        if record is not None:
            await self._in_folder(bucket, partial(files.put, beside_key(key), [record.write(key).encode()]))
        await self._in_folder(bucket, partial(files.put, key, pieces))

    async def _in_folder(self, bucket: Bucket, work: Callable[[], T]) -> T:
        with bucket.told("put", WRITE, absent="folder"):
            try:
                done = await asyncio.to_thread(work)
            except NoLinksError:
                raise self._noted(failure_of("unconditional", WRITE)) from None
            except OSError as e:
                raise self._noted(explain_os(e.errno, WRITE)) from None
        self.failure, self._since = None, None
        return done

    def _noted(self, failure: BucketFailure) -> BucketError:
        if self.failure is None or self.failure.kind != failure.kind:
            log.error("the depot of published modules %s: %s", failure.words, failure.remedy)
        self.failure, self._since = failure, self._since or time.time()
        return BucketError(failure)

    def report(self, of_store: ObjectStoreState | None) -> ObjectStoreState | None:
        """Return how the depot fares, in the words about the object store: `of_store` is what else is known of that."""
        failure = self.failure
        if not self._on or failure is None or (of_store is not None and of_store.failure is not None):
            return of_store
        state = of_store or ObjectStoreState(url="the folder of published modules")
        remedy = failure.remedy
        if self._settings is None and failure.kind == "room":
            remedy = "make spec.cache.storage.size larger, or name an object store in spec.cache.objectStore"
        told = {"failure": f"{failure.words} (spec.hosted)", "remedy": remedy, "since": self._since}
        return state.model_copy(update=told)


async def list_files(bucket: Bucket, prefix: str, most: int) -> tuple[list[Listed], bool]:
    """Return at most `most` files below a folder, and whether there are more. Raises `BucketError`.

    `prefix` has no slash at its end.
    """
    clients, _ = bucket.in_use()
    import obstore  # noqa: PLC0415 - see `client`

    found: list[Listed] = []
    with bucket.reading("list"):
        async with asyncio.timeout(_LIST_SECONDS):
            async for chunk in obstore.list(clients.read, prefix, chunk_size=_LISTED_AT_ONCE):
                found += [Listed(one["path"], one["size"], one["last_modified"].timestamp()) for one in chunk]
                if len(found) > most:
                    return found[:most], True
    return found, False
