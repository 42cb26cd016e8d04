"""The check of a zip that is being fetched: it runs while the next bytes come, in a thread."""

import asyncio
from typing import Protocol

from modproxy.mod.target import Target
from modproxy.mod.version import Version
from modproxy.mod.zip_arriving import ArrivingZip, check_and_hash
from modproxy.store.protocol import Draft
from modproxy.threads import Pool


class ZipCheck(Protocol):
    """Checks and hashes one zip, which is written into a draft."""

    async def take(self, draft: Draft, piece: bytes) -> None:
        """Take the next piece, which the draft has. It may wait for the check of earlier pieces."""
        ...

    async def end(self, draft: Draft) -> str:
        """Return the `h1:` hash of the zip, which the draft has. Raises `ArchiveError`."""
        ...

    def close(self) -> None:
        """End the check, whether it has come to its end or not. May be called twice."""
        ...


class ZipChecks(Protocol):
    """Begins the checks of a replica."""

    def begin(self, target: Target) -> ZipCheck:
        """Begin the check of a zip."""
        ...


class ThreadChecks:
    """Checks zips in threads."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.at_work = 0
        """How many checks were begun and not closed."""

    def begin(self, target: Target) -> "ThreadCheck":
        """Begin the check of a zip."""
        return ThreadCheck(self, target)

    async def whole(self, target: Target, draft: Draft) -> str:
        """Check a zip that the draft has whole, and return its `h1:` hash. Raises `ArchiveError`."""
        return await self.pool.run(_whole, target, draft)


class ThreadCheck:
    """Checks one zip in threads.

    The newest piece waits for the next one, so that a zip of one piece needs a thread once.
    """

    def __init__(self, checks: ThreadChecks, target: Target) -> None:
        checks.at_work += 1
        self._checks: ThreadChecks | None = checks
        self._pool = checks.pool
        self._zip = ArrivingZip(target.path, Version(target.version))
        self._newest: bytes | None = None
        self._under_way: asyncio.Future[None] | None = None

    async def take(self, draft: Draft, piece: bytes) -> None:
        """Take the next piece, once the check of the piece before the last one has ended."""
        if self._under_way is not None:
            await self._under_way
        if self._newest is not None:
            self._under_way = self._pool.begin(self._zip.feed, self._newest)
        self._newest = piece

    async def end(self, draft: Draft) -> str:
        """Return the `h1:` hash of the zip, which the draft has. Raises `ArchiveError`."""
        if self._under_way is not None:
            await self._under_way
        return await self._pool.run(self._end, draft)

    def _end(self, draft: Draft) -> str:
        if self._newest is not None:
            self._zip.feed(self._newest)
        with draft.open() as file:
            return self._zip.finish(file)

    def close(self) -> None:
        """End the check, whether it has come to its end or not. May be called twice."""
        checks, self._checks = self._checks, None
        if checks is not None:
            checks.at_work -= 1


def _whole(target: Target, draft: Draft) -> str:
    with draft.open() as file:
        return check_and_hash(file, target.path, Version(target.version))
