"""What is done when it is known that a module has news: a tag was pushed, a version was published or deleted.

Without that a replica learns of it once its answers are old: lists after `cache.listTTL`, absences after
`cache.notFoundTTL`. The other replicas are told too. One that cannot be told learns of it by these times.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator

from modproxy.cache.lookup import Cache
from modproxy.fleet.change import Change
from modproxy.mod.path import escape
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version
from modproxy.store.protocol import Store

log = logging.getLogger(__name__)


class Changes:
    """Makes news of modules count, here and in the other replicas, which `tell` tells of it."""

    def __init__(self, cache: Cache, store: Store, tell: Callable[[Change], Awaitable[None]] | None) -> None:
        self._cache = cache
        self._store = store
        self._tell = tell

    async def changed(self, change: Change) -> None:
        """Let what is known of the module count no more, in all replicas. Raises nothing."""
        await self.heard(change)
        if self._tell is not None:
            await self._tell(change)

    async def heard(self, change: Change) -> None:
        """Let what is known of the module count no more, in this replica."""
        self._cache.outdate(f"{escape(change.path)}/@")
        await asyncio.gather(*(self._store.delete(key) for key in _dropped(change)))
        log.info("%s has news: its list is asked for anew", change.path)


def _dropped(change: Change) -> Iterator[str]:
    """Yield the keys of the files that count no more."""
    yield Target(change.path, "", Kind.LIST).key
    yield Target(change.path, "", Kind.LATEST).key
    for query in change.queries:
        yield Target(change.path, query, Kind.QUERY).key
    for version in change.removed:
        for kind in (Kind.INFO, Kind.MOD, Kind.ZIP):
            yield Target(change.path, Version(version), kind).key
