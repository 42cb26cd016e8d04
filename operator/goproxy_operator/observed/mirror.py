"""What the API server holds of the fleets: their children, their claims and their pods."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from goproxy_operator.desired.names import FLEET_LABEL
from goproxy_operator.isolation import supervised
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.resources import CHILDREN, CLAIMS, PODS, STATEFUL_SETS, Key, Object, Resource
from goproxy_operator.observed.known_objects import KnownObjects, OnChange, Sink
from goproxy_operator.observed.packed import CLAIM, POD, STATEFUL_SET, WHOLE
from goproxy_operator.observed.reflector import Reflector
from goproxy_operator.observed.views import PodView

V = TypeVar("V")
OnFleet = Callable[[Key], None]
"""Told the namespace and the name of a fleet one of whose children or pods has changed."""

_FORMS = {STATEFUL_SETS: STATEFUL_SET, CLAIMS: CLAIM}


class Mirror:
    """Answers what is there of a fleet from memory, which reflectors keep up to date.

    The reflectors follow the namespaces that the operator serves (None: all), and run in `tasks`. Those of optional
    APIs run while `follow` says that these are served.
    """

    def __init__(
        self, client: ApiClient, namespaces: Sequence[str] | None, on_fleet: OnFleet, tasks: asyncio.TaskGroup
    ) -> None:
        self._client = client
        self._namespaces: Sequence[str | None] = namespaces if namespaces is not None else (None,)
        self._tasks = tasks
        self._objects: dict[Resource, KnownObjects[Object]] = {
            resource: KnownObjects(_reporter(_fleet_of, on_fleet), _FORMS.get(resource, WHOLE), _fleet_of)
            for resource in (*CHILDREN.values(), CLAIMS)
        }
        on_pod = _reporter(_fleet_of_pod, on_fleet, PodView.serves_as)
        self._pods: KnownObjects[PodView] = KnownObjects(on_pod, POD, _fleet_of_pod)
        self._sinks: dict[Resource, Sink] = {**self._objects, PODS: self._pods}
        self._running: dict[Resource, list[tuple[Reflector, asyncio.Task[None]]]] = {}

    def follow(self, served: Collection[Resource]) -> None:
        """Follow what is built in and these optional resources, and no others."""
        followed = {resource for resource in self._sinks if not resource.optional or resource in served}
        for resource in self._running.keys() - followed:
            for _, task in self._running.pop(resource):
                task.cancel()
            for namespace in self._namespaces:
                self._sinks[resource].keep_only(namespace, ())
        for resource in followed - self._running.keys():
            reflectors = [
                Reflector(self._client, resource, namespace, {"labelSelector": FLEET_LABEL}, self._sinks[resource])
                for namespace in self._namespaces
            ]
            what = f"watch of {resource.plural}"
            self._running[resource] = [
                (each, self._tasks.create_task(supervised(what, each.run))) for each in reflectors
            ]

    async def wait_synced(self) -> None:
        """Return when everything that is followed was listed once. Before that, what is not here may still exist."""
        for running in list(self._running.values()):
            for reflector, _ in running:
                await reflector.synced.wait()

    def get(self, resource: Resource, key: Key) -> Object | None:
        """Return the child or claim; None where no such object with the fleet label is known."""
        return self._objects[resource].get(key)

    def claims(self, fleet: Key) -> Collection[Object]:
        """Return all claims with the fleet's label, in no order."""
        return self._objects[CLAIMS].of_group(fleet)

    def pods(self, fleet: Key) -> Collection[PodView]:
        """Return all pods with the fleet's label, in no order."""
        return self._pods.of_group(fleet)

    def put_answer(self, resource: Resource, item: Object) -> None:
        """Take the answer to a write of ours, so that the next look does not need to wait for the watch."""
        known = self._pods if resource == PODS else self._objects[resource]
        known.put_answer(item)


def _fleet_of(item: Object) -> Key | None:
    metadata = item["metadata"]
    return _labelled(metadata.get("namespace", ""), metadata.get("labels", {}))


def _fleet_of_pod(pod: PodView) -> Key | None:
    return _labelled(pod.namespace, pod.labels)


def _labelled(namespace: str, labels: Mapping[str, str]) -> Key | None:
    fleet = labels.get(FLEET_LABEL)
    return Key(namespace, fleet) if fleet else None


def _never_same(_old: object, _new: object) -> bool:
    return False


def _reporter(
    fleet_of: Callable[[V], Key | None], on_fleet: OnFleet, same: Callable[[V, V], bool] = _never_same
) -> OnChange[V]:
    """Return what tells the fleets that a change concerns, unless the change makes no difference to them."""

    def report(_: Key, old: V | None, new: V | None) -> None:
        if old is not None and new is not None and same(old, new):
            return
        for item in (old, new):
            if item is not None and (fleet := fleet_of(item)):
                on_fleet(fleet)

    return report
