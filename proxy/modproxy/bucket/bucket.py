"""The object store as the replica asks it: files, with what is kept of each.

A failure is a `BucketError`, whose words have neither a secret nor a URL in them. After a failure of a read, reads are
refused at once for some seconds (`circuit`). Writes are not: whoever writes waits by itself.
"""

import asyncio
import hashlib
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modproxy.bucket.circuit import Circuit
from modproxy.bucket.client import BucketClients, BucketSettings, SecretMarks, SettingsError, open_clients, secret_marks
from modproxy.bucket.failure import READ, WRITE, BucketFailure, explain, failure_of, is_there_already
from modproxy.bucket.health import BucketHealth
from modproxy.bucket.place import PRIVATE, PROBE, S3, BucketPlace
from modproxy.bucket.record import ATTRIBUTE, ObjectRecord, read_record
from modproxy.tracing.trace import hop

if TYPE_CHECKING:
    from obstore import GetResult

_OPEN_SECONDS = 4.0
"""How long a request of a client waits for the beginning of a file, with all tries."""
_CHECK_SECONDS = 12.0
_ROTATION_SECONDS = 1.0
"""How often the files of the Secret are looked at."""
_PROBE = b"modproxy\n"
_PIECE = 128 << 10
_PART = 5 << 20
"""In bytes: the least that S3 takes as a part of a large file."""
_PARTS_AT_ONCE = 2
_MOST_SPOILED = 4096
"""Keys of files that were refused: more of them at a time would be an attack, and each costs a fetch only."""
_TYPES = {"zip": "application/zip", "info": "application/json"}


class BucketError(Exception):
    """The object store gives no answer, or takes no file."""

    def __init__(self, failure: BucketFailure) -> None:
        super().__init__(failure.words)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class BucketObject:
    """Carries a file of the object store that is under way."""

    size: int
    record: ObjectRecord | None
    """What is kept with it; None for a file that nobody of us has written, or whose record was changed."""
    result: "GetResult"


class Bucket:
    """Asks the object store that the config names. It is off until `take` has given it one."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()
        """How requests ended, by operation and outcome, for metrics."""
        self.circuit = Circuit()
        self.health = BucketHealth()
        self.settings: BucketSettings | None = None
        """What describes the store; None without one."""
        self._place: BucketPlace | None = None
        self._clients: BucketClients | None = None
        self._marks: SecretMarks = ()
        self._spoiled: OrderedDict[str, None] = OrderedDict()

    async def take(self, settings: BucketSettings | None) -> None:
        """Use the object store of a newer config, or none. Raises nothing: `health` says what is wrong."""
        self.settings, self._clients = settings, None
        self.circuit.reset()
        self._spoiled.clear()
        if settings is not None:
            self._place = settings.place
            self.health.begin(settings.config.url)
            await self._open(settings)

    async def _open(self, settings: BucketSettings) -> None:
        """Make new clients: for a new store, and after a rotation of its credentials."""
        marks, clients, failure = await asyncio.to_thread(_opened, settings)
        if settings is not self.settings:
            return
        self._marks, self._clients = marks, clients
        if failure is not None:
            self.health.note(failure)

    async def follow(self) -> None:
        """Take rotated credentials, and check the store now and then, without end."""
        while True:
            self.health.soon.clear()
            settings = self.settings
            if settings is not None:
                if await asyncio.to_thread(secret_marks, settings) != self._marks or self._clients is None:
                    await self._open(settings)
                    self.health.look_now()
                if self._clients is not None and self.health.due and await self.health.look(self.check):
                    self.circuit.answered()
            try:
                async with asyncio.timeout(_ROTATION_SECONDS if settings is not None else None):
                    await self.health.soon.wait()
            except TimeoutError:
                continue

    async def check(self) -> BucketFailure | None:
        """List, write a file and read it: what the credentials must be allowed. Returns why one of them fails."""
        try:
            clients, place = self.in_use()
            import obstore  # noqa: PLC0415 - see `client`

            async with asyncio.timeout(_CHECK_SECONDS):
                with self.told("check", READ, absent="bucket"):
                    # S3 says of an absent file that it is forbidden, unless one may list.
                    if place.kind == S3:
                        await anext(aiter(obstore.list(clients.read, f"{PRIVATE}/", chunk_size=1)), None)
                with self.told("check", WRITE, absent="bucket"):
                    await obstore.put_async(clients.read, PROBE, _PROBE, use_multipart=False)
                with self.told("check", READ, absent="rights"):
                    await (await obstore.get_async(clients.read, PROBE)).bytes_async()
        except BucketError as e:
            return e.failure
        except TimeoutError:
            return failure_of("timeout")
        return None

    def in_use(self) -> tuple[BucketClients, BucketPlace]:
        """Return the clients and the place of the store. Raises `BucketError` where there are no clients."""
        if self._clients is None or self._place is None:
            raise BucketError(self.health.failure or failure_of("other"))
        return self._clients, self._place

    @contextmanager
    def told(self, operation: str, what: str, *, absent: str | None = None, count: bool = True) -> Iterator[None]:
        """Count how a request ends, and make a `BucketError` of its error.

        A `FileNotFoundError` passes, or is a failure of the kind `absent`.
        """
        try:
            with hop("objectStore", "") as noted:
                if noted is not None:
                    noted.attributes["goproxy.operation"] = operation
                    noted.attributes["goproxy.bucket"] = self._place.bucket if self._place is not None else ""
                yield
        except BucketError:
            raise
        except Exception as e:
            name, text = type(e).__name__, str(e)
            if is_there_already(name, text):
                self.requests[operation, "exists"] += 1
                raise FileExistsError from None
            failure = explain(name, text, what)
            if failure is None and absent is None:
                self.requests[operation, "absent"] += 1
                raise FileNotFoundError from None
            self.requests[operation, "failed"] += 1
            raise BucketError(failure or failure_of(absent or "other", what)) from None
        if count:
            self.requests[operation, "done"] += 1

    async def get(self, key: str) -> BucketObject | None:
        """Begin to read a file; None when it is not there. Raises `BucketError`, at once while the store fails."""
        clients, _ = self.in_use()
        import obstore  # noqa: PLC0415 - see `client`

        try:
            with self.reading("get"):
                async with asyncio.timeout(_OPEN_SECONDS):
                    result = await obstore.get_async(clients.read, key)
                    record = await self._record(clients, key, result)
        except FileNotFoundError:
            return None
        return BucketObject(result.meta["size"], record, result)

    @contextmanager
    def reading(self, operation: str) -> Iterator[None]:
        """Let a read ask the store, unless the store fails, and note how it ends.

        Raises `BucketError`, and `FileNotFoundError` for what is not there.
        """
        if not self.circuit.may_ask():
            self.requests[operation, "skipped"] += 1
            raise BucketError(self.health.failure or failure_of("timeout"))
        told = False
        try:
            with self.told(operation, READ):
                yield
        except FileNotFoundError:
            told = True
            self.circuit.answered()
            raise
        except BucketError as e:
            told = True
            self.read_failed(e.failure)
            raise
        else:
            told = True
            self.circuit.answered()
        finally:
            if not told:
                self.circuit.abandoned()

    def read_failed(self, failure: BucketFailure) -> None:
        """Note that a read has failed: others are spared, and a check finds out what holds."""
        self.circuit.failed()
        if self.health.failure is None or self.health.failure.kind != failure.kind:
            self.health.look_soon()

    async def _record(self, clients: BucketClients, key: str, result: "GetResult") -> ObjectRecord | None:
        if self._place is not None and self._place.keeps_attributes:
            return read_record(key, result.attributes.get(ATTRIBUTE))
        import obstore  # noqa: PLC0415 - see `client`

        try:
            beside = await obstore.get_async(clients.read, beside_key(key))
            return read_record(key, bytes(await beside.bytes_async()).decode(errors="replace"))
        except FileNotFoundError:
            return None

    async def pieces(self, found: BucketObject) -> AsyncIterator[bytes]:
        """Yield the bytes of a file. Raises `BucketError`."""
        stream = aiter(found.result.stream(min_chunk_size=_PIECE))
        while True:
            with self.told("read", READ, absent="cut", count=False):
                piece = await anext(stream, None)
            if piece is None:
                return
            yield bytes(piece)

    async def head(self, key: str) -> tuple[int, ObjectRecord | None] | None:
        """Return the size and the record of a file; None when it is not there. Raises `BucketError`."""
        clients, _ = self.in_use()
        import obstore  # noqa: PLC0415 - see `client`

        try:
            with self.told("head", READ):
                result = await obstore.get_async(clients.write, key, options={"head": True})
                return result.meta["size"], await self._record(clients, key, result)
        except FileNotFoundError:
            return None

    async def put(self, key: str, body: bytes, record: ObjectRecord, *, create: bool) -> bool:
        """Write a small file. Returns False when `create` is set and there is one. Raises `BucketError`."""
        return await self._put(key, body, record, create=create, use_multipart=False)

    async def put_large(self, key: str, pieces: AsyncIterator[bytes], record: ObjectRecord) -> None:
        """Write a file piece by piece, in place of one that is there. Raises `BucketError`."""
        how = {"use_multipart": True, "chunk_size": _PART, "max_concurrency": _PARTS_AT_ONCE}
        await self._put(key, pieces, record, create=False, **how)

    async def _put(self, key: str, body: Any, record: ObjectRecord, *, create: bool, **how: Any) -> bool:
        clients, place = self.in_use()
        import obstore  # noqa: PLC0415 - see `client`

        line, attributes = record.write(key), None
        if place.keeps_attributes:
            attributes = {ATTRIBUTE: line, "Content-Type": _TYPES.get(key.rpartition(".")[2], "text/plain")}
        elif create and await self.head(key) is not None:
            return False
        try:
            with self.told("put", WRITE, absent="bucket"):
                if not place.keeps_attributes:
                    await obstore.put_async(clients.write, beside_key(key), line.encode())
                mode: Any = "create" if create else None
                await obstore.put_async(clients.write, key, body, mode=mode, attributes=attributes, **how)
        except FileExistsError:
            return False
        except BucketError as e:
            if not create:
                raise
            # Whether the file is there now is not known: a server may refuse it before it has read it, and the answer
            # of one that took it may be lost.
            if await self.head(key) is not None:
                return False
            if e.failure.kind not in ("conditional", "server"):
                raise
            # A server that knows no conditional requests may say so by 501.
            return await self._put(key, body, record, create=False, **how)
        self.unspoil(key)
        return True

    def spoil(self, key: str) -> None:
        """Note that the file of a key is of no use for this fleet, so that the next one replaces it."""
        self._spoiled[key] = None
        self._spoiled.move_to_end(key)
        if len(self._spoiled) > _MOST_SPOILED:
            self._spoiled.popitem(last=False)

    def unspoil(self, key: str) -> None:
        """Note that the file of a key was written anew."""
        self._spoiled.pop(key, None)

    def is_spoiled(self, key: str) -> bool:
        """Say whether the file of a key was refused."""
        return key in self._spoiled


def _opened(settings: BucketSettings) -> tuple[SecretMarks, BucketClients | None, BucketFailure | None]:
    marks = secret_marks(settings)
    try:
        return marks, open_clients(settings), None
    except SettingsError as e:
        return marks, None, e.failure


def beside_key(key: str) -> str:
    """Return where the record of a file is where no attribute can carry it. A long key may be too long for a name."""
    name = hashlib.sha256(key.encode()).hexdigest()
    return f"{PRIVATE}/records/{name[:2]}/{name}"
