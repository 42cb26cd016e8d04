"""Watches of the ConfigMaps that objects name: one each, made when a fleet names it and ended when none does.

Not one watch of all ConfigMaps: a cluster's may come to gigabytes, and most are nobody's business.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from goproxy_operator.cluster.client import Client
from goproxy_operator.cluster.reflector import Reflector
from goproxy_operator.cluster.resources import CONFIG_MAPS, Key, Object
from goproxy_operator.cluster.store import Store

_PATIENCE = 5.0  # seconds until a ConfigMap that cannot be read is said to be so


class NotReadableError(Exception):
    """Nothing is known of the ConfigMap yet."""


@dataclass(slots=True)
class _Watch:
    reflector: Reflector
    task: asyncio.Task[None]
    fleets: set[Key] = field(default_factory=set)


class NamedConfigMaps:
    """`on_change` is told each fleet that names a ConfigMap which came, changed or went."""

    def __init__(self, client: Client, on_change: Callable[[Key], None]) -> None:
        self._client = client
        self._on_change = on_change
        self._watches: dict[Key, _Watch] = {}
        self._named: dict[Key, Key] = {}

    async def get(self, fleet: Key, name: str) -> Object | None:
        """Return the ConfigMap that the fleet names; None where there is none. From now on it is watched.

        Raises `NotReadableError` while the API server does not say.
        """
        target = (fleet[0], name)
        if self._named.get(fleet) != target:
            await self.release(fleet)
            self._named[fleet] = target
            self._watch(target).fleets.add(fleet)
        reflector = self._watches[target].reflector
        try:
            await asyncio.wait_for(reflector.synced.wait(), _PATIENCE)
        except TimeoutError:
            raise NotReadableError(f"ConfigMap {name} cannot be read") from None
        return reflector.store.get(target)

    async def release(self, fleet: Key) -> None:
        """The fleet names none any more."""
        target = self._named.pop(fleet, None)
        if target is None:
            return
        watch = self._watches[target]
        watch.fleets.discard(fleet)
        if not watch.fleets:
            del self._watches[target]
            await _end([watch.task])

    async def close(self) -> None:
        """End all watches."""
        tasks = [watch.task for watch in self._watches.values()]
        self._watches.clear()
        self._named.clear()
        await _end(tasks)

    def _watch(self, target: Key) -> _Watch:
        if target not in self._watches:
            namespace, name = target
            store = Store(lambda _key, _old, _new: self._report(target))
            query = {"fieldSelector": f"metadata.name={name}"}
            reflector = Reflector(self._client, CONFIG_MAPS, namespace, query, store)
            self._watches[target] = _Watch(reflector, asyncio.create_task(reflector.run()))
        return self._watches[target]

    def _report(self, target: Key) -> None:
        if watch := self._watches.get(target):
            for fleet in watch.fleets:
                self._on_change(fleet)


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
