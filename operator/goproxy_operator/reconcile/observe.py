"""What there is of a fleet: its children, no matter who made them, its claims and its replicas. Thin."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

from goproxy_operator.api.autoscaling import MOST_REPLICAS
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.config.access import ClusterIssuer
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.resources import (
    CHILDREN,
    CLAIMS,
    CONFIG_MAPS,
    GOPROXIES,
    STATEFUL_SETS,
    STORAGE_CLASSES,
    Key,
    Object,
)
from goproxy_operator.metrics_api.rules.registration import OFF, Registration
from goproxy_operator.observed.classes import ObservedClasses
from goproxy_operator.observed.discovery import Discovery
from goproxy_operator.observed.known_objects import KnownObjects
from goproxy_operator.observed.mirror import Mirror
from goproxy_operator.observed.named_config_maps import NamedConfigMaps
from goproxy_operator.observed.reports import Reports
from goproxy_operator.observed.views import PodView, stateful_set, without_managed_fields
from goproxy_operator.reconcile.decide.audit import Verdict, judge
from goproxy_operator.reconcile.decide.claims import storage_class_refusal
from goproxy_operator.reconcile.decide.classes import Admitted, admit
from goproxy_operator.reconcile.decide.family import STRANGER, Relative
from goproxy_operator.reconcile.decide.in_force import GenerationInForce, Restored, issuer_in, restored
from goproxy_operator.reconcile.decide.intent import IntentFacts
from goproxy_operator.reconcile.decide.plan import ChildId
from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.families import Families
from goproxy_operator.reconcile.generations import Generations
from goproxy_operator.reconcile.relative import may_have_ties, relative
from goproxy_operator.reconcile.verdicts import Verdicts
from goproxy_operator.settings import Settings

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Observed:
    """All that is known of the world, for a pass to read: what is in memory, and what is asked of the API server."""

    client: ApiClient
    goproxies: KnownObjects[Object]
    mirror: Mirror
    config_maps: NamedConfigMaps
    reports: Reports
    discovery: Discovery
    classes: ObservedClasses
    generations: Generations
    verdicts: Verdicts
    families: Families
    own_metrics: Callable[[], Registration] = lambda: OFF
    """How the metrics stand that the operator itself serves."""
    issuer: Callable[[], ClusterIssuer | None] = lambda: None
    """Who signs the tokens of service accounts."""

    def admit(self, item: Object) -> Admitted | Problem:
        """Judge an object by the classes there are."""
        return admit(item, self.classes.classes, self.classes.labels(item["metadata"]["namespace"]))

    def judge(self, item: Object, outcome: Admitted | Problem) -> Verdict:
        """Say what the classes make of an object, dry runs too."""
        return judge(item, outcome, self.classes.classes, self.classes.labels(item["metadata"]["namespace"]))

    def restored(self, item: Object, in_force: GenerationInForce | None) -> Restored | None:
        """Return what is to be repaired of an object whose newest generation is not carried out."""
        metadata, classes = item["metadata"], self.classes
        live = self.config_map(Key(metadata["namespace"], metadata["name"]))
        return restored(item, in_force, live, classes.classes, classes.labels(metadata["namespace"]))

    def relative(self, fleet: Key) -> Relative | None:
        """Return what other fleets have to know of a fleet; None for one that is gone."""
        item = self.goproxies.get(fleet)
        if item is None or "deletionTimestamp" in item["metadata"]:
            return None
        in_force = self.generations.in_force(fleet, item)
        defaults = (one.defaults for one in (self.classes.classes or {}).values())
        if not may_have_ties((item.get("spec"), in_force and in_force.spec, *defaults)):
            return STRANGER
        return relative(item, self.admit(item), in_force, self.classes.known_labels)

    async def facts(self, fleet: Key, admitted: Admitted, settings: Settings) -> IntentFacts:
        """Gather what a fleet's intent is decided from, as far as it is known without a question."""
        goproxy = admitted.goproxy
        return IntentFacts(
            default_image=settings.default_image,
            log_format=settings.log_format,
            live=self._children(fleet),
            served=self.discovery.kinds,
            operator_namespace=settings.operator_namespace,
            docs=settings.docs,
            named_allowlist=await self._named_allowlist(fleet, goproxy),
            groups=self.discovery.groups,
            own_metrics=self.own_metrics(),
            claims=_by_ordinal(self.mirror.claims(fleet), fleet, names.claim, lambda claim: claim["metadata"]["name"]),
            pods=frozenset(ordinal for ordinal, pod in _pods(self.mirror, fleet).items() if not pod.deleting),
            stayed_full=self.reports.stayed_full(fleet, goproxy),
            imposed=admitted.imposed,
            cluster=self.issuer() or issuer_in(self.config_map(fleet)),
            kin=self.families.of(fleet, self.relative).kin,
        )

    def stateful_set(self, fleet: Key) -> Object | None:
        """Return the fleet's StatefulSet as it is now."""
        return _stateful_set(self.mirror, fleet)

    def config_map(self, fleet: Key) -> Object | None:
        """Return the fleet's own ConfigMap as it is now."""
        return self.mirror.get(CONFIG_MAPS, Key(fleet.namespace, names.config_map(fleet.name)))

    def autoscaler(self, fleet: Key, ids: Collection[ChildId]) -> Object | None:
        """Return the autoscaler that the fleet is to have, of either kind, if it is there."""
        of_keda = ("ScaledObject", names.scaled_object(fleet.name))
        kind, child = of_keda if of_keda in ids else ("HorizontalPodAutoscaler", names.autoscaler(fleet.name))
        return self.mirror.get(CHILDREN[kind], Key(fleet.namespace, child))

    def replicas(self, fleet: Key) -> list[ReplicaFacts]:
        """Return the replicas that have a pod, in order."""
        reports, refused = self.reports.of(fleet), self.reports.refused(fleet)
        return [
            ReplicaFacts(
                pod.name, pod.ready, reports.get(pod.name), pod.uid, pod.nudge, refused.get(pod.name), pod.trouble
            )
            for pod in _counted_pods(self.mirror, fleet)
        ]

    def unbound_claim(self, fleet: Key, pod: str) -> str | None:
        """Return the name of a pod's claim that has no volume; None where it has one, or is not known."""
        name = f"{names.CLAIM_TEMPLATE}-{pod}"
        claim = self.mirror.get(CLAIMS, Key(fleet.namespace, name))
        return name if claim is not None and claim["status"].get("phase") == "Pending" else None

    async def exists(self, item: Object) -> bool:
        """Ask the API server whether an object still is the one that is known."""
        metadata = item["metadata"]
        fresh = await self.client.get(GOPROXIES, metadata["namespace"], metadata["name"])
        return fresh is not None and fresh["metadata"]["uid"] == metadata["uid"]

    async def look_up(self, fleet: Key, ids: Iterable[ChildId]) -> dict[ChildId, Object]:
        """Ask the API server for children that the mirror has not: one that is not ours has no fleet label."""
        found: dict[ChildId, Object] = {}
        # One after the other: each connection to the API server costs a quarter of a MiB for its TLS.
        for kind, name in sorted(ids):
            item = await self.client.get_cached(CHILDREN[kind], fleet.namespace, name)
            if item is not None:
                view = stateful_set if kind == STATEFUL_SETS.kind else without_managed_fields
                found[kind, name] = view(item)
        return found

    async def cannot_grow(self, storage_classes: Iterable[str]) -> dict[str, str]:
        """Ask the API server why volumes of these StorageClasses cannot grow; the answer is "" for those that can."""
        return {
            name: storage_class_refusal(name, await self.client.get(STORAGE_CLASSES, None, name) if name else None)
            for name in storage_classes
        }

    async def forget(self, fleet: Key) -> None:
        """Forget what is known of a fleet that is gone."""
        await self.config_maps.release(fleet)
        self.reports.forget(fleet)

    def _children(self, fleet: Key) -> dict[ChildId, Object]:
        """Return the children that the mirror has: it knows only what carries the fleet label."""
        found = {
            at: self.mirror.get(CHILDREN[at[0]], Key(fleet.namespace, at[1])) for at in names.every_child(fleet.name)
        }
        return {at: item for at, item in found.items() if item is not None}

    async def _named_allowlist(self, fleet: Key, goproxy: GoProxy) -> Object | None:
        """Return the ConfigMap that the object names, if it does and there is one; from now on it is watched."""
        name = goproxy.spec.modules.allowlist_config_map_name
        if name is None:
            await self.config_maps.release(fleet)
            return None
        return await self.config_maps.get(fleet, name)


def addresses(mirror: Mirror, fleet: Key) -> dict[str, str]:
    """Return the IP addresses of the replicas' pods that have one, by name."""
    return {pod.name: pod.ip for pod in _counted_pods(mirror, fleet) if pod.ip}


def _counted_pods(mirror: Mirror, fleet: Key) -> list[PodView]:
    """Return the pods that the StatefulSet counts, in order; all pods there are while there is none that counts.

    Whoever may make pods may give any number of them the name of a replica. No more are looked at than a fleet may
    have.
    """
    found, live = _pods(mirror, fleet), _stateful_set(mirror, fleet)
    status = (live or {}).get("status", {})
    # One that was made anew around pods that run does not count them yet.
    count = min(int(status.get("replicas") or 0), MOST_REPLICAS) if status.get("observedGeneration") else MOST_REPLICAS
    return [pod for ordinal, pod in found.items() if ordinal < count]


def _pods(mirror: Mirror, fleet: Key) -> dict[int, PodView]:
    return _by_ordinal(mirror.pods(fleet), fleet, names.pod, lambda pod: pod.name)


def _stateful_set(mirror: Mirror, fleet: Key) -> Object | None:
    return mirror.get(STATEFUL_SETS, Key(fleet.namespace, names.stateful_set(fleet.name)))


def _by_ordinal(
    items: Iterable[V], fleet: Key, expected: Callable[[str, int], str], name_of: Callable[[V], str]
) -> dict[int, V]:
    """Return the pods or claims that have the name of an ordinal; others may carry the fleet's label too."""
    found: dict[int, V] = {}
    for item in items:
        name = name_of(item)
        tail = name.rpartition("-")[2]
        if tail.isdecimal() and name == expected(fleet.name, int(tail)):
            found[int(tail)] = item
    return dict(sorted(found.items()))
