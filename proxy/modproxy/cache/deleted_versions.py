"""Deleted versions that this replica was not told of: their cached files are dropped, some time after the deletion.

Who deletes tells all replicas that he knows of. One that was not reached finds the tombstone in the depot. A file that
was fetched just before the deletion may be stored after it, so the files of a version are dropped again for a while.
"""

import asyncio
import logging
import time
from typing import NoReturn

from modproxy.bucket.bucket import BucketError
from modproxy.hosted.claim import ALL_TOMBSTONES, buried
from modproxy.hosted.mixed import MixedModules
from modproxy.mod.target import Kind, Target
from modproxy.store.protocol import Store

EVERY_SECONDS = 60.0
_FIRST_SECONDS = 1.0
"""So soon after the start, and after a failure, the depot is asked."""
_AGAIN_SECONDS = 900.0
"""How long the files of a version are dropped again: no fetch takes so long."""
_MOST_TOMBSTONES = 30_000
"""Files: ten thousand deletions. Each thousand needs a request."""

log = logging.getLogger(__name__)


class DeletedVersions:
    """Looks at the tombstones of a depot. What it knows of mixed modules is refreshed by the way."""

    def __init__(self, mixed: MixedModules, store: Store) -> None:
        self._mixed = mixed
        self._store = store
        self._seen: dict[str, float] = {}
        """The keys of tombstones, with the times until which their files are dropped again."""

    async def follow(self) -> NoReturn:
        """Look now and then, without end."""
        await self._mixed.load()
        while True:
            pause = _FIRST_SECONDS
            if self._mixed.shelf.depot.bucket is not None:
                try:
                    await self._mixed.refresh()
                    await self.look()
                    pause = EVERY_SECONDS
                except BucketError as e:
                    log.debug("the tombstones of published modules cannot be listed: %s", e)
                    pause = EVERY_SECONDS / 6
            await asyncio.sleep(pause)

    async def look(self) -> None:
        """Drop the files of versions that were deleted lately. Raises `BucketError`."""
        found, more = await self._mixed.shelf.depot.list(ALL_TOMBSTONES, _MOST_TOMBSTONES)
        if more:
            log.warning("more than %d files tell of deleted versions: not all are looked at", _MOST_TOMBSTONES)
        now = time.monotonic()
        for one in found:
            stone = buried(one.key)
            if stone is None or now > self._seen.setdefault(one.key, now + _AGAIN_SECONDS):
                continue
            path, version, _ = stone
            for kind in (Kind.INFO, Kind.MOD, Kind.ZIP):
                await self._store.delete(Target(path, version, kind).key)
