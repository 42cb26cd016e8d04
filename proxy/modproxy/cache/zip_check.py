"""The check of a zip that is being fetched: it runs in a thread, while the next bytes come."""

import asyncio

from modproxy.mod.target import Target
from modproxy.mod.version import Version
from modproxy.mod.zip_arriving import ArrivingZip
from modproxy.store.protocol import Draft
from modproxy.threads import Pool


class ZipCheck:
    """Checks and hashes one zip.

    The newest piece waits for the next one, so that a zip of one piece needs a thread once.
    """

    def __init__(self, target: Target, hashing: Pool) -> None:
        self._hashing = hashing
        self._zip = ArrivingZip(target.path, Version(target.version))
        self._newest: bytes | None = None
        self._under_way: asyncio.Future[None] | None = None

    async def take(self, piece: bytes) -> None:
        """Take the next piece, once the check of the piece before the last one has ended."""
        if self._under_way is not None:
            await self._under_way
        if self._newest is not None:
            self._under_way = self._hashing.begin(self._zip.feed, self._newest)
        self._newest = piece

    async def end(self, draft: Draft) -> str:
        """Return the `h1:` hash of the zip, which the draft has. Raises `ArchiveError`."""
        if self._under_way is not None:
            await self._under_way
        return await self._hashing.run(self._end, draft)

    def _end(self, draft: Draft) -> str:
        if self._newest is not None:
            self._zip.feed(self._newest)
        with draft.open() as file:
            return self._zip.finish(file)
