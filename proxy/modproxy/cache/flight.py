"""One fetch under way, shared by all who request its target meanwhile (single flight).

Readers get a small answer whole, after its check. Readers get a zip while the zip is written, but the last `HOLD_BACK`
bytes only after the check of the whole file, so that no client ever has a whole zip that is unchecked.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Self

from modproxy.cache.zip_check import ZipCheck, ZipChecks
from modproxy.mod.archive import LARGEST_ZIP, ArchiveError
from modproxy.mod.target import Kind, Target
from modproxy.request import AnyTarget, Request
from modproxy.source.protocol import (
    ASK_AGAIN_SECONDS,
    Fetched,
    OwnTrouble,
    Source,
    SourceError,
    Tier,
    Unavailable,
    Unfit,
)
from modproxy.store.protocol import LARGEST_BODY, Draft, NoRoomError, Store, StoredFile, etag_of

HOLD_BACK = 64 << 10
"""Bytes at the end of a zip that wait for its check. The zip's directory is there, so a zip without them is of no use.
"""
_READ = 128 << 10
_NEARLY_WHOLE = 0.75
"""The part of a zip that makes the fetch of the rest worth while after the last reader has left."""
LINGER_SECONDS = 2.0
"""How long a fetch waits for another reader after the last one has left: a build that is restarted asks again soon."""

log = logging.getLogger(__name__)


FlightKey = tuple[str, int]
"""A target's key and the source generation: requests share a fetch only when they have the same source."""


class CutShort(Exception):
    """A stream has begun and cannot be completed, so that its connection has to be aborted."""


class Flight:
    """Fetches one target for all who request it meanwhile, and stores it.

    `run` fetches. A reader calls `enter`, waits with `wait_decided`, and calls `leave` at the end. `abandoned` is
    called when the last reader has left and the fetch is not worth its end.
    """

    def __init__(
        self, request: Request, key: FlightKey, *, streaming: bool, abandoned: Callable[["Flight"], None]
    ) -> None:
        self.request = request
        self.key = key
        self.kept = False
        """Whether the fetch goes on without readers."""
        self.streaming = streaming and request.target.kind is Kind.ZIP
        """Whether readers get the beginning of a zip before its check."""
        self.body: bytes | None = None
        """A small answer, whole and checked, that all readers share; None when it is large, or stored and no zip."""
        self.etag: str | None = None
        """Names the content of `body`."""
        self.size: int | None = None
        """In bytes; None while the size is not known."""
        self.stored: StoredFile | None = None
        """The file in the store; None before it is published, and when the store refuses it."""
        self.error: SourceError | None = None
        """Why the fetch failed."""
        self.origin = ""
        """Who gives the answer, without credentials; empty while this is not known."""
        self.voucher = ""
        """Who vouches for the answer; empty while this is not known."""
        self.keep = True
        """Whether the answer may be kept, here and by whoever gets it."""
        self.tier = Tier.UPSTREAM
        """How far the answer had to be fetched."""
        self.landed = False
        """Whether the fetch has succeeded."""
        self.outdated = False
        """Whether the answer may be older than what is known of its module since."""
        self._abandoned = abandoned
        self._fetched = False
        """Whether all bytes have come, so that only their check and their place in the store are missing."""
        self._readable = 0
        self._readers = 0
        self._running = True
        self._draft: Draft | None = None
        self._progress = asyncio.Event()

    @property
    def target(self) -> AnyTarget:
        """What is fetched."""
        return self.request.target

    @property
    def decided(self) -> bool:
        """Whether a reader can be answered: with an error, a body, a file, or the beginning of a stream."""
        return self.landed or self.error is not None or (self.streaming and self._readable > 0)

    async def run(
        self,
        source: Source,
        store: Store,
        checks: ZipChecks,
        is_fresh: Callable[[StoredFile], bool] | None,
        may_store: Callable[[], bool],
    ) -> None:
        """Fetch and publish. Raises nothing but `CancelledError`: readers find in `error` why the fetch failed.

        `is_fresh` says whether a file that the store already has makes the fetch unnecessary; it is None where the
        store has had no news of the target since the first reader's lookup. `may_store` says, at the end of the fetch
        of a small answer, whether the answer may be stored.
        """
        try:
            stored = await store.get(self.target.key) if is_fresh is not None else None
            if stored and is_fresh is not None and is_fresh(stored):
                self.stored, self.landed = stored, True
                return
            async with source.fetch(self.request) as fetched:
                self.size, self.origin, self.tier = fetched.size, fetched.origin, fetched.tier
                self.voucher, self.keep = fetched.voucher, fetched.keep
                if isinstance(self.target, Target) and self.target.kind is Kind.ZIP:
                    check = checks.begin(self.target)
                    try:
                        draft = await self._write_zip(fetched.body, store, check)
                        self._fetched = True
                        await self._publish_zip(draft, store, check, fetched)
                    finally:
                        check.close()
                else:
                    body = b"".join([chunk async for chunk in fetched.body])
                    self._fetched = True
                    if fetched.keep and may_store():
                        self.stored = await self._put(body, store, fetched)
                    if self.stored is None:
                        await self._give_unstored(body, store)
            self.landed = True
        except SourceError as e:
            self.error = e
        except NoRoomError as e:
            self.error = OwnTrouble(f"{self.target}: {e.strerror}", 503, retry_after=ASK_AGAIN_SECONDS)
        except OSError as e:
            log.error("%s can neither be stored nor passed through: %s", self.target, e)
            self.error = OwnTrouble(f"{self.target}: no disk of this replica takes it: {e.strerror}", 503)
        except Exception:
            log.exception("the fetch of %s failed unexpectedly", self.target)
            self.error = OwnTrouble(f"{self.target}: an error of this proxy; its log tells", 500)
        finally:
            self.end()

    async def _put(self, body: bytes, store: Store, fetched: Fetched) -> StoredFile | None:
        """Store a small answer, unless it is older than the one that is stored: a peer may have an older one."""
        age = 0.0 if self.target.immutable else fetched.age
        if age:
            stored = await store.get(self.target.key)
            newer = stored is not None and stored.modified > time.time() - age
            if stored is not None and newer and stored.voucher == fetched.voucher:
                return stored
        return await store.put(self.target.key, body, fetched.voucher, copy=_is_copy(fetched), age=age)

    async def _give_unstored(self, body: bytes, store: Store) -> None:
        """Let readers have an answer that is not stored: from memory, or a large one from a draft."""
        if len(body) <= LARGEST_BODY:
            self.etag, self.body = etag_of((body,)), body
            return
        self._draft = draft = await store.draft(len(body))
        await draft.write(body)
        self.size = self._readable = len(body)

    def end(self) -> None:
        """Tell the readers that the fetch has ended. A fetch that has not landed ends with an error."""
        self._running = False
        if not self.landed and self.error is None:
            self.error = OwnTrouble(f"{self.target}: this replica is shutting down", 503)
        self._tell()
        self._close_if_unused()

    def enter(self) -> None:
        """Count one more reader: the draft of a zip stays open until all readers have left."""
        self._readers += 1

    def leave(self) -> None:
        """Count one reader less. Must be called once for each `enter`."""
        self._readers -= 1
        if self._running and not self._readers:
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._abandon_if_unread)
        self._close_if_unused()

    def _abandon_if_unread(self) -> None:
        if self._running and not self._readers and not self.kept and not self._nearly_whole:
            self._abandoned(self)

    @property
    def _nearly_whole(self) -> bool:
        written = self._draft.written if self._draft is not None else 0
        return self._fetched or (self.size is not None and written >= self.size * _NEARLY_WHOLE)

    def _close_if_unused(self) -> None:
        if not self._running and not self._readers and self._draft is not None:
            self._draft.close()

    async def _write_zip(self, body: AsyncIterator[bytes], store: Store, check: ZipCheck) -> Draft:
        if self.size is not None and self.size > LARGEST_ZIP:
            raise self._too_large()
        written = 0
        async for chunk in body:
            written += len(chunk)
            if written > (LARGEST_ZIP if self.size is None else self.size):
                raise self._too_large()
            if self._draft is None:
                self._draft = await store.draft(self.size, chunk)
            else:
                await self._draft.write(chunk)
            await check.take(self._draft, chunk)
            if self.streaming and written > HOLD_BACK:
                self._readable = written - HOLD_BACK
                self._tell()
        if self.size is not None and written != self.size:
            raise Unavailable(f"{self.target}: {written} bytes came of the {self.size} announced")
        if self._draft is None:
            self._draft = await store.draft(0)
        return self._draft

    def _too_large(self) -> Unfit:
        if self.size is not None and self.size <= LARGEST_ZIP:
            return Unfit(f"{self.target}: more bytes came than the {self.size} announced")
        return Unfit(f"{self.target}: larger than the {LARGEST_ZIP} bytes that a module zip may have")

    async def _publish_zip(self, draft: Draft, store: Store, check: ZipCheck, fetched: Fetched) -> None:
        try:
            dirhash = await check.end(draft)
        except ArchiveError as e:
            log.warning("%s: the zip is refused and not stored: %s", self.target, e)
            raise Unfit(f"{self.target}: upstream's zip is refused: {e}") from None
        if fetched.check_dirhash is not None:
            await fetched.check_dirhash(dirhash)
        if fetched.keep:
            copy = _is_copy(fetched)
            self.stored = await store.publish(draft, self.target.key, dirhash, fetched.voucher, copy=copy)
        self.size = self._readable = draft.written

    def _tell(self) -> None:
        self._progress.set()
        self._progress = asyncio.Event()

    async def wait_decided(self) -> None:
        """Wait until `decided`."""
        while not self.decided:
            await self._progress.wait()

    def read(self, at: int) -> bytes:
        """Return bytes from position `at` that readers may have; empty when there are no more yet.

        Raises `CutShort` after a failure.
        """
        if self.error:
            raise CutShort(self.error.reason)
        if self._draft is None or at >= self._readable:
            return b""
        return self._draft.read(at, min(_READ, self._readable - at))

    def small_zip(self) -> bytes | None:
        """Return a small zip that has landed, whole, for a reader that has entered: so it need not open the file.

        Returns None for other targets.
        """
        draft = self._draft
        if self.body is None and self.landed and draft is not None and draft.written <= LARGEST_BODY:
            self.body = draft.read(0, draft.written)  # all readers share it
        return self.body

    async def wait_progress(self) -> None:
        """Wait until more bytes can be read, or the flight has ended."""
        await self._progress.wait()


def _is_copy(fetched: Fetched) -> bool:
    return fetched.copy or fetched.tier is not Tier.UPSTREAM


class Follower:
    """Reads a zip under way for one client, from the beginning of the zip.

    Whoever makes a follower has entered the flight; `close` leaves the flight.
    """

    def __init__(self, flight: Flight) -> None:
        self._flight = flight
        self._at = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return the next bytes. Raises `CutShort` when the flight has failed."""
        while not (piece := self._flight.read(self._at)):
            if self._flight.landed:
                raise StopAsyncIteration
            await self._flight.wait_progress()
        self._at += len(piece)
        return piece

    def close(self) -> None:
        """Leave the flight. Must be called once."""
        self._flight.leave()
