"""What there is of a fleet: its children, whoever made them, and its replicas."""

from collections.abc import Callable, Collection, Iterable, Mapping

from goproxy_operator.cluster import trim
from goproxy_operator.cluster.client import Client
from goproxy_operator.cluster.mirror import Mirror
from goproxy_operator.cluster.resources import (
    CHILDREN,
    CLAIMS,
    PODS,
    STATEFUL_SETS,
    STORAGE_CLASSES,
    Key,
    Object,
    Resource,
)
from goproxy_operator.desired import names
from goproxy_operator.reconcile.claims import class_refusal
from goproxy_operator.reconcile.facts import Replica
from goproxy_operator.reconcile.plan import ChildId
from modproxy.contract.report import Report


def in_mirror(mirror: Mirror, fleet: Key) -> dict[ChildId, Object]:
    """Return the children that the mirror has: it knows only what carries the fleet label."""
    namespace, name = fleet
    found = {at: mirror.get(CHILDREN[at[0]], (namespace, at[1])) for at in names.every_child(name)}
    return {at: item for at, item in found.items() if item is not None}


async def ask_for(client: Client, namespace: str, wanted: Iterable[ChildId]) -> dict[ChildId, Object]:
    """Ask the API server for children that the mirror has not: one of that name that is not ours has no label."""
    found: dict[ChildId, Object] = {}
    # One after the other: each connection to the API server costs a quarter of a MiB for its TLS.
    for kind, name in sorted(wanted):
        item = await client.get(CHILDREN[kind], namespace, name, at_hand=True)
        if item is not None:
            found[kind, name] = (
                trim.stateful_set(item) if kind == STATEFUL_SETS.kind else trim.without_managed_fields(item)
            )
    return found


def autoscaler(mirror: Mirror, fleet: Key, ids: Collection[ChildId]) -> Object | None:
    """Return the one that the fleet is to have, of either kind, if it is there."""
    namespace, name = fleet
    of_keda = ("ScaledObject", names.scaled_object(name))
    kind, child = of_keda if of_keda in ids else ("HorizontalPodAutoscaler", names.autoscaler(name))
    return mirror.get(CHILDREN[kind], (namespace, child))


async def storage_classes(client: Client, wanted: Iterable[str]) -> dict[str, str]:
    """Return why volumes of these StorageClasses cannot grow, "" for those that can."""
    return {
        name: class_refusal(name, await client.get(STORAGE_CLASSES, None, name) if name else None) for name in wanted
    }


def claims(mirror: Mirror, fleet: Key) -> dict[int, Object]:
    """Return the claims of all replicas there are and ever were, by ordinal."""
    return _by_ordinal(mirror, CLAIMS, fleet, names.claim)


def pods(mirror: Mirror, fleet: Key) -> frozenset[int]:
    """Return the ordinals of the pods that are there to stay."""
    found = _by_ordinal(mirror, PODS, fleet, names.pod)
    return frozenset(ordinal for ordinal, pod in found.items() if "deletionTimestamp" not in pod["metadata"])


def replicas(mirror: Mirror, fleet: Key, reports: Mapping[str, Report]) -> list[Replica]:
    """Return the replicas that have a pod, in order."""
    return [
        Replica(
            names.pod(fleet[1], ordinal),
            pod["ready"],
            reports.get(pod["metadata"]["name"]),
            pod["metadata"]["uid"],
            pod["nudge"],
        )
        for ordinal, pod in _pods(mirror, fleet).items()
    ]


def addresses(mirror: Mirror, fleet: Key) -> dict[str, str]:
    """Return the IP addresses of the pods that have one, by name."""
    return {pod["metadata"]["name"]: pod["ip"] for pod in _pods(mirror, fleet).values() if pod["ip"]}


def _pods(mirror: Mirror, fleet: Key) -> dict[int, Object]:
    """Return the pods that the StatefulSet counts; all there are while it is gone."""
    found = _by_ordinal(mirror, PODS, fleet, names.pod)
    stateful_set = mirror.get(STATEFUL_SETS, (fleet[0], names.stateful_set(fleet[1])))
    if stateful_set is None:
        return found
    count = int(stateful_set.get("status", {}).get("replicas") or 0)
    return {ordinal: pod for ordinal, pod in found.items() if ordinal < count}


def _by_ordinal(
    mirror: Mirror, resource: Resource, fleet: Key, name_of: Callable[[str, int], str]
) -> dict[int, Object]:
    """Return the fleet's pods or claims that have the name of an ordinal: another's with its label is none of them."""
    found: dict[int, Object] = {}
    for item in mirror.of_fleet(resource, fleet):
        name = item["metadata"]["name"]
        tail = name.rpartition("-")[2]
        if tail.isdecimal() and name == name_of(fleet[1], int(tail)):
            found[int(tail)] = item
    return dict(sorted(found.items()))
