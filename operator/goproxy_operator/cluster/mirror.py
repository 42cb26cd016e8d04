"""What the API server holds of the fleets: their children and their pods."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import NoReturn

from goproxy_operator.cluster import trim
from goproxy_operator.cluster.client import Client
from goproxy_operator.cluster.reflector import Reflector
from goproxy_operator.cluster.resources import CHILDREN, CLAIMS, PODS, STATEFUL_SETS, Key, Object, Resource
from goproxy_operator.cluster.store import OnChange, Store
from goproxy_operator.desired.names import FLEET_LABEL

OnFleet = Callable[[Key], None]
"""Told the namespace and the name of a fleet one of whose children or pods has changed."""

_TRIMS = {STATEFUL_SETS: trim.stateful_set, PODS: trim.pod, CLAIMS: trim.claim}


class Mirror:
    """Reflectors of all children, pods and claims, in the namespaces that the operator serves (None: in all).

    They run in `tasks`; those of optional APIs while `follow` says that they are served.
    """

    def __init__(
        self, client: Client, namespaces: Sequence[str] | None, on_fleet: OnFleet, tasks: asyncio.TaskGroup
    ) -> None:
        self._client = client
        self._namespaces: Sequence[str | None] = namespaces if namespaces is not None else (None,)
        self._tasks = tasks
        self._stores = {
            resource: Store(_reporter(resource, on_fleet), _TRIMS.get(resource, trim.without_managed_fields), _fleet_of)
            for resource in (*CHILDREN.values(), PODS, CLAIMS)
        }
        self._running: dict[Resource, list[tuple[Reflector, asyncio.Task[NoReturn]]]] = {}

    def follow(self, served: Collection[Resource]) -> None:
        """Follow what is built in and these optional resources, and no others."""
        wanted = {resource for resource in self._stores if not resource.optional or resource in served}
        for resource in self._running.keys() - wanted:
            for _, task in self._running.pop(resource):
                task.cancel()
            for namespace in self._namespaces:
                self._stores[resource].keep_only(namespace, ())
        for resource in wanted - self._running.keys():
            reflectors = [
                Reflector(self._client, resource, namespace, {"labelSelector": FLEET_LABEL}, self._stores[resource])
                for namespace in self._namespaces
            ]
            self._running[resource] = [(each, self._tasks.create_task(each.run())) for each in reflectors]

    async def wait_synced(self) -> None:
        """Return when everything that is followed was listed once. Before that, what is not here may still exist."""
        for running in list(self._running.values()):
            for reflector, _ in running:
                await reflector.synced.wait()

    def get(self, resource: Resource, key: Key) -> Object | None:
        """Return the object; None where none with the fleet label is known."""
        return self._stores[resource].get(key)

    def of_fleet(self, resource: Resource, fleet: Key) -> Collection[Object]:
        """Return all objects of a kind with the fleet's label, in no order."""
        return self._stores[resource].of_group(fleet)

    def put_answer(self, resource: Resource, item: Object) -> None:
        """Take the answer to a write of ours, so that the next look does not need to wait for the watch."""
        self._stores[resource].put_answer(item)


def _fleet_of(item: Object) -> Key | None:
    metadata = item["metadata"]
    fleet = metadata.get("labels", {}).get(FLEET_LABEL)
    return (metadata.get("namespace", ""), fleet) if fleet else None


def _reporter(resource: Resource, on_fleet: OnFleet) -> OnChange:
    def report(_: Key, old: Object | None, new: Object | None) -> None:
        if resource == PODS and old is not None and new is not None and trim.same_pod(old, new):
            return
        for item in (old, new):
            if item is not None and (fleet := _fleet_of(item)):
                on_fleet(fleet)

    return report
