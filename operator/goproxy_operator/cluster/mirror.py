"""What the API server holds of the fleets: their children and their pods."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NoReturn

from goproxy_operator.cluster import trim
from goproxy_operator.cluster.client import Client
from goproxy_operator.cluster.reflector import Reflector
from goproxy_operator.cluster.resources import CHILDREN, PODS, STATEFUL_SETS, Key, Object, Resource
from goproxy_operator.cluster.store import OnChange, Store
from goproxy_operator.desired.names import FLEET_LABEL

OnFleet = Callable[[Key], None]
"""Told the namespace and the name of a fleet one of whose children or pods has changed."""

_TRIMS = {STATEFUL_SETS: trim.stateful_set, PODS: trim.pod}


class Mirror:
    """Reflectors of all children and pods, in the namespaces that the operator serves (None: in all)."""

    def __init__(self, client: Client, namespaces: Sequence[str] | None, on_fleet: OnFleet) -> None:
        self._stores = {
            resource: Store(_reporter(resource, on_fleet), _TRIMS.get(resource, trim.without_managed_fields))
            for resource in (*CHILDREN.values(), PODS)
        }
        self._reflectors = [
            Reflector(client, resource, namespace, {"labelSelector": FLEET_LABEL}, store)
            for resource, store in self._stores.items()
            for namespace in (namespaces if namespaces is not None else (None,))
        ]

    async def run(self) -> NoReturn:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for reflector in self._reflectors:
                tasks.create_task(reflector.run())
        raise AssertionError("reflectors never end")

    async def wait_synced(self) -> None:
        """Return when everything was listed once. Before that, what is not here may still exist."""
        for reflector in self._reflectors:
            await reflector.synced.wait()

    def get(self, resource: Resource, key: Key) -> Object | None:
        """Return the object, not to be changed; None where none with the fleet label is known."""
        return self._stores[resource].get(key)

    def put_answer(self, resource: Resource, item: Object) -> Object:
        """Take the answer to a write of ours, so that the next look does not need to wait for the watch."""
        self._stores[resource].put_answer(item)
        return self.get(resource, (item["metadata"]["namespace"], item["metadata"]["name"])) or item


def _reporter(resource: Resource, on_fleet: OnFleet) -> OnChange:
    def report(key: Key, old: Object | None, new: Object | None) -> None:
        if resource == PODS and old is not None and new is not None and trim.same_pod(old, new):
            return
        for item in (old, new):
            if item is not None and (fleet := item["metadata"].get("labels", {}).get(FLEET_LABEL)):
                on_fleet((key[0], fleet))

    return report
