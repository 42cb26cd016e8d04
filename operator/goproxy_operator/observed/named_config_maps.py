"""Watches of the ConfigMaps that objects name: each begins when a fleet names it and ends when no fleet does.

One watch of all ConfigMaps would be simpler, but a cluster's ConfigMaps may come to gigabytes, and most of them are no
business of ours.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from goproxy_operator.isolation import supervised
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.resources import CONFIG_MAPS, Key, Object
from goproxy_operator.observed.known_objects import KnownObjects, NotKnownYetError
from goproxy_operator.observed.packed import WHOLE
from goproxy_operator.observed.reflector import Reflector

_PATIENCE = 5.0
"""Seconds until a ConfigMap that cannot be read is said to be so."""


@dataclass(slots=True)
class _Watch:
    known: KnownObjects[Object]
    reflector: Reflector
    task: asyncio.Task[None]
    fleets: set[Key] = field(default_factory=set)


class NamedConfigMaps:
    """Answers which ConfigMap a fleet names, and watches that ConfigMap for as long as a fleet names it.

    `on_change` is told each fleet that names a ConfigMap which came, changed or went.
    """

    def __init__(self, client: ApiClient, on_change: Callable[[Key], None]) -> None:
        self._client = client
        self._on_change = on_change
        self._watches: dict[Key, _Watch] = {}
        self._named: dict[Key, Key] = {}

    async def get(self, fleet: Key, name: str) -> Object | None:
        """Return the ConfigMap that the fleet names; None where it does not exist. From now on it is watched.

        Raises `NotKnownYetError` while the API server does not say.
        """
        target = Key(fleet.namespace, name)
        if self._named.get(fleet) != target:
            await self.release(fleet)
            self._named[fleet] = target
            self._watch(target).fleets.add(fleet)
        watch = self._watches[target]
        try:
            await asyncio.wait_for(watch.reflector.synced.wait(), _PATIENCE)
        except TimeoutError:
            raise NotKnownYetError(f"ConfigMap {name} cannot be read") from None
        return watch.known.get(target)

    async def release(self, fleet: Key) -> None:
        """Take note that the fleet names no ConfigMap any more."""
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
            known = KnownObjects(lambda _key, _old, _new: self._report(target), WHOLE)
            query = {"fieldSelector": f"metadata.name={target.name}"}
            reflector = Reflector(self._client, CONFIG_MAPS, target.namespace, query, known)
            task = asyncio.create_task(supervised(f"watch of ConfigMap {'/'.join(target)}", reflector.run))
            self._watches[target] = _Watch(known, reflector, task)
        return self._watches[target]

    def _report(self, target: Key) -> None:
        if watch := self._watches.get(target):
            for fleet in watch.fleets:
                self._on_change(fleet)


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
