"""What there is of a fleet: its children, whoever made them, and its replicas."""

from collections.abc import Mapping
from dataclasses import dataclass

from goproxy_operator.cluster import trim
from goproxy_operator.cluster.client import Client
from goproxy_operator.cluster.mirror import Mirror
from goproxy_operator.cluster.resources import CHILDREN, PODS, STATEFUL_SETS, Key, Object
from goproxy_operator.desired import names
from goproxy_operator.reconcile.facts import Replica
from goproxy_operator.reconcile.plan import ChildId, optional_children
from modproxy.report import Report


def required_children(fleet: str) -> set[ChildId]:
    """Return the children that every object has."""
    return {
        ("ServiceAccount", names.service_account(fleet)),
        ("ConfigMap", names.config_map(fleet)),
        ("Service", names.headless_service(fleet)),
        ("Service", names.client_service(fleet)),
        ("StatefulSet", names.stateful_set(fleet)),
        ("PodDisruptionBudget", names.disruption_budget(fleet)),
    }


@dataclass(frozen=True, slots=True)
class Observed:
    """The objects of the children's names."""

    live: Mapping[ChildId, Object]
    complete: bool
    """False where a child is missing."""

    def get(self, kind: str, name: str) -> Object | None:
        """Return one of them."""
        return self.live.get((kind, name))


async def observe(client: Client, mirror: Mirror, fleet: Key, *, autoscaled: bool) -> Observed:
    """Look into the mirror, and ask the API server for what is not there.

    The mirror has only what carries the fleet label: an object of a child's name that is not ours has none.
    """
    namespace, name = fleet
    wanted = required_children(name) | (optional_children(name) if autoscaled else set())
    live: dict[ChildId, Object] = {}
    for kind, child in required_children(name) | optional_children(name):
        resource = CHILDREN[kind]
        item = mirror.get(resource, (namespace, child))
        if item is None and (kind, child) in wanted:
            item = await client.get(resource, namespace, child)
            if item is not None:
                item = trim.stateful_set(item) if resource == STATEFUL_SETS else trim.without_managed_fields(item)
        if item is not None:
            live[kind, child] = item
    return Observed(live, complete=wanted <= live.keys())


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
