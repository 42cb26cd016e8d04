"""Keeps the cache within its size: writes down what was used, removes what was not, looks at the disk's free space."""

import asyncio
import logging
import time

from modproxy.config import Cache as CacheConfig
from modproxy.store.disk import DiskStore
from modproxy.store.eviction import Removed, evict, evict_unused

_ROUND_SECONDS = 60.0
_INACTIVE_EVERY = 60
"""Rounds between two searches for what nobody asked for."""
_LEAST_FREE = 0.02
"""Of the file system: below, DiskPressure is raised, whoever fills it."""

log = logging.getLogger(__name__)


class Janitor:
    """Works for one store, at once when it is woken by a publication, else once a minute. `config` may be replaced."""

    def __init__(self, store: DiskStore, config: CacheConfig) -> None:
        self._store = store
        self.config = config

    async def run(self) -> None:
        """Work for ever."""
        rounds = 0
        while True:
            try:
                async with asyncio.timeout(_ROUND_SECONDS):
                    await self._store.grown.wait()
                    await asyncio.sleep(0.2)  # publications come in bursts
            except TimeoutError:
                rounds += 1
            self._store.grown.clear()
            try:
                await self.tidy(inactive=rounds % _INACTIVE_EVERY == 0 and rounds > 0)
            except OSError as e:
                log.error("the cache cannot be tidied: %s", e)

    async def tidy(self, *, inactive: bool = False) -> None:
        """Do one round. Raises `OSError`."""
        store, config = self._store, self.config
        await store.write_down_use()
        if not store.scanned:
            return
        capacity = store.capacity()
        if store.used_bytes > capacity * config.high_watermark_percent / 100:
            wanted = store.used_bytes - capacity * config.low_watermark_percent // 100
            self._log("to stay within its size", await store.remove(evict, wanted))
        if inactive and config.inactive is not None:
            before = time.time() - config.inactive
            self._log("that nobody asked for", await store.remove(evict_unused, before))
        free, total = store.free()
        if free < total * _LEAST_FREE:
            store.note_pressure(f"the cache's file system has {free >> 20} MiB of {total >> 20} MiB free")
        else:
            store.end_pressure()

    def _log(self, why: str, removed: Removed) -> None:
        if removed.objects:
            log.info("removed %d files (%d MiB) %s", removed.objects, removed.size >> 20, why)
