"""What there is of a fleet: its children, whoever made them, and its replicas."""

from collections.abc import Iterable, Mapping

from goproxy_operator.cluster import trim
from goproxy_operator.cluster.client import Client
from goproxy_operator.cluster.mirror import Mirror
from goproxy_operator.cluster.resources import CHILDREN, PODS, STATEFUL_SETS, Key, Object
from goproxy_operator.desired import names
from goproxy_operator.reconcile.facts import Replica
from goproxy_operator.reconcile.plan import ChildId
from modproxy.report import Report


def in_mirror(mirror: Mirror, fleet: Key) -> dict[ChildId, Object]:
    """Return the children that the mirror has: it knows only what carries the fleet label."""
    namespace, name = fleet
    found = {at: mirror.get(CHILDREN[at[0]], (namespace, at[1])) for at in names.every_child(name)}
    return {at: item for at, item in found.items() if item is not None}


async def ask_for(client: Client, namespace: str, wanted: Iterable[ChildId]) -> dict[ChildId, Object]:
    """Ask the API server for children that the mirror has not: one of that name that is not ours has no label."""
    found: dict[ChildId, Object] = {}
    for kind, name in sorted(wanted):
        resource = CHILDREN[kind]
        item = await client.get(resource, namespace, name)
        if item is not None:
            trimmed = trim.stateful_set(item) if resource == STATEFUL_SETS else trim.without_managed_fields(item)
            found[kind, name] = trimmed
    return found


def replicas(mirror: Mirror, fleet: Key, reports: Mapping[str, Report]) -> list[Replica]:
    """Return the replicas that have a pod, in order."""
    return [
        Replica(name, pod["ready"], reports.get(name), pod["metadata"]["uid"], pod["nudge"])
        for name, pod in _pods(mirror, fleet).items()
    ]


def addresses(mirror: Mirror, fleet: Key) -> dict[str, str]:
    """Return the IP addresses of the pods that have one, by name."""
    return {name: pod["ip"] for name, pod in _pods(mirror, fleet).items() if pod["ip"]}


def _pods(mirror: Mirror, fleet: Key) -> dict[str, Object]:
    namespace, name = fleet
    stateful_set = mirror.get(STATEFUL_SETS, (namespace, names.stateful_set(name)))
    count = int((stateful_set or {}).get("status", {}).get("replicas") or 0)
    pods = {pod: mirror.get(PODS, (namespace, pod)) for pod in (names.pod(name, ordinal) for ordinal in range(count))}
    return {name: pod for name, pod in pods.items() if pod is not None}
