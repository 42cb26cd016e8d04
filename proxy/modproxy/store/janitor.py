"""Work in the background that keeps the cache within its size."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from functools import partial

from modproxy.contract.config import CacheConfig
from modproxy.store.disk import DiskStore
from modproxy.store.eviction import Freed, IsCopy, evict, evict_unused, nothing_is_a_copy

_ROUND_SECONDS = 60.0
_INACTIVE_SECONDS = 3600.0
"""How long after one search for unused files the next one begins."""
_LEAST_FREE = 0.02
"""The part of the file system that has to be free: below it the report tells of disk pressure, whoever filled the disk.
"""

log = logging.getLogger(__name__)


class Janitor:
    """Tidies one store: soon after each publication, and at least once in a minute."""

    def __init__(self, store: DiskStore, config: CacheConfig) -> None:
        self._store = store
        self.config = config
        """The limits to keep. It may be replaced at any time."""
        self.is_copy: Callable[[], IsCopy] = lambda: nothing_is_a_copy
        """Returns what says which files are copies, as the fleet is at this moment. It is asked in a thread."""

    async def run(self) -> None:
        """Tidy again and again, without end."""
        search_at = time.monotonic() + _INACTIVE_SECONDS
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ROUND_SECONDS):
                    await self._store.grown.wait()
                    await asyncio.sleep(0.2)  # publications often come in bursts, and one round serves them all
            self._store.grown.clear()
            inactive = time.monotonic() >= search_at
            if inactive:
                search_at = time.monotonic() + _INACTIVE_SECONDS
            try:
                await self.tidy(inactive=inactive)
            except OSError as e:
                log.error("the cache cannot be tidied: %s", e)
                self._store.pressure.scarcity = f"the cache cannot be tidied: {e.strerror or type(e).__name__}"

    async def tidy(self, *, inactive: bool = False) -> None:
        """Do one round. `inactive` says whether to search for files that nobody requested lately. Raises `OSError`."""
        store, config = self._store, self.config
        await store.write_down_use()
        if not store.counted:
            return
        capacity, used = store.capacity(), store.used_bytes
        wanted = used + store.lacking - capacity if store.lacking else 0
        store.lacking = 0
        # What is only promised to drafts may never come, so it evicts nothing by itself.
        if (held := store.held_bytes) > capacity * config.high_watermark_percent / 100:
            wanted = max(wanted, held - capacity * config.low_watermark_percent // 100)
        if wanted > 0:
            self._log("to stay within its size", await store.evict(partial(evict, is_copy=self.is_copy()), wanted))
        if inactive and config.inactive is not None:
            before = time.time() - config.inactive
            self._log("that nobody asked for", await store.evict(evict_unused, before))
        if store.pressure.refusal is not None:
            await store.try_to_write()
        free, total = store.free()
        scarce = free < total * _LEAST_FREE
        words = f"the cache's file system has {free >> 20} MiB of {total >> 20} MiB free"
        store.pressure.scarcity = words if scarce else None

    def _log(self, why: str, freed: Freed) -> None:
        if freed.objects:
            log.info("removed %d files (%d MiB) %s", freed.objects, freed.size >> 20, why)
