"""One fetch under way, shared by all who ask for its target meanwhile (single flight).

A small answer is given whole, once it is checked. A zip is streamed to every reader while it is written (tee); its last
`HOLD_BACK` bytes are given only after the whole file has been checked, so that nobody ever holds an unchecked zip.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

from modproxy.mod.archive import LARGEST_ZIP, ArchiveError, check_and_hash
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version
from modproxy.source import Source, SourceError, Unavailable, Wanted
from modproxy.store.disk import DiskStore, Draft, Held

HOLD_BACK = 64 << 10
"""Bytes of a zip that wait for its check: its directory stands there, so without them it is of no use."""
_READ = 256 << 10

log = logging.getLogger(__name__)


class CutShort(Exception):
    """A stream that had begun cannot be ended: the only honest thing left is to abort the connection."""


class Flight:
    """A fetch that publishes what it gets in the store. `streaming` is false when nothing may be given before all of
    it is checked.
    """

    def __init__(self, target: Wanted, *, streaming: bool) -> None:
        self.target = target
        self.streaming = streaming and target.kind is Kind.ZIP
        self.body: bytes | None = None
        self.size: int | None = None
        self.held: Held | None = None
        self.error: SourceError | None = None
        self._readable = 0
        self._draft: Draft | None = None
        self._progress = asyncio.Event()

    @property
    def decided(self) -> bool:
        """Say whether a reader can be answered: with an error, a body, a file, or the beginning of a stream."""
        return bool(self.error or self.held or self.body is not None or (self.streaming and self._readable))

    async def run(self, source: Source, store: DiskStore, via: str) -> None:
        """Fetch and publish. Never raises a `SourceError`: readers find it in `error`."""
        try:
            async with source.fetch(self.target, via) as fetched:
                self.size = fetched.size
                if isinstance(self.target, Target) and self.target.kind is Kind.ZIP:
                    await self._write_zip(fetched.body, store)
                    await self._publish_zip(self.target, store, fetched.check_dirhash)
                    return
                body = b"".join([chunk async for chunk in fetched.body])
            await self._publish_body(store, body)
        except SourceError as e:
            self.error = e
        except OSError as e:
            log.error("%s: cannot be stored: %s", self.target, e)
            self.error = Unavailable(f"{self.target}: the cache's disk refuses to take it: {e.strerror}", 503)
        except asyncio.CancelledError:
            self.error = Unavailable(f"{self.target}: this replica is shutting down", 503)
            raise
        except Exception:
            self.error = Unavailable(f"{self.target}: an error of this proxy; its log tells", 500)
            raise
        finally:
            if self._draft:
                self._draft.close()
            self._tell()

    def land(self, held: Held) -> None:
        """Give readers a file that turned out to be held already."""
        self.held, self.body = held, held.body
        self._tell()

    async def _write_zip(self, body: AsyncIterator[bytes], store: DiskStore) -> None:
        self._draft = draft = await store.draft()
        async for chunk in body:
            await draft.write(chunk)
            if draft.written > LARGEST_ZIP:
                raise Unavailable(f"{self.target}: larger than the {LARGEST_ZIP} bytes that a module zip may have")
            if self.streaming and draft.written > HOLD_BACK:
                self._readable = draft.written - HOLD_BACK
                self._tell()
        if self.size is not None and draft.written != self.size:
            raise Unavailable(f"{self.target}: {draft.written} bytes came of the {self.size} announced")

    async def _publish_zip(
        self, target: Target, store: DiskStore, check: Callable[[str], Awaitable[None]] | None
    ) -> None:
        draft = self._draft
        if draft is None:
            raise AssertionError("a zip is published after it was written")
        try:
            dirhash = await store.run(check_and_hash, draft.path, target.path, Version(target.version))
        except ArchiveError as e:
            log.warning("%s: refused, nothing kept: %s", target, e)
            raise Unavailable(f"{target}: upstream's zip is refused: {e}") from None
        if check is not None:
            await check(dirhash)
        self.held = await store.publish(draft, self.target.key, dirhash)
        self._readable = draft.written

    async def _publish_body(self, store: DiskStore, body: bytes) -> None:
        """Keep a checked body; a disk that refuses it costs the next reader a fetch, and this one nothing."""
        try:
            self.held = await store.keep(self.target.key, body)
        except OSError as e:
            log.error("%s: served, but cannot be stored: %s", self.target, e)
        self.body = body

    def _tell(self) -> None:
        self._progress.set()
        self._progress = asyncio.Event()

    async def wait_decided(self) -> None:
        """Wait until `decided`."""
        while not self.decided:
            await self._progress.wait()

    def follow(self) -> "Follower":
        """Begin to read along. Call it right after `wait_decided`, while the file is sure to be open."""
        if self._draft is None:
            raise AssertionError("only a zip is followed")
        return Follower(self, os.dup(self._draft.fd))

    def readable(self) -> int:
        """Return how many bytes readers may have; raises `CutShort` when there will never be more."""
        if self.error:
            raise CutShort(self.error.reason)
        return self._readable

    async def wait_progress(self) -> None:
        """Wait until something has changed."""
        await self._progress.wait()


class Follower:
    """One reader of a zip under way, from its beginning. Close it, read or not: it holds a file descriptor."""

    def __init__(self, flight: Flight, fd: int) -> None:
        self._flight = flight
        self._fd = fd
        self._at = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Give the next piece. Raises `CutShort` when the flight has failed."""
        while True:
            ready = self._flight.readable() - self._at
            if ready:
                # Just written, so in the page cache: no thread is needed.
                piece = os.pread(self._fd, min(_READ, ready), self._at)
                self._at += len(piece)
                return piece
            if self._flight.held:
                raise StopAsyncIteration
            await self._flight.wait_progress()

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)
