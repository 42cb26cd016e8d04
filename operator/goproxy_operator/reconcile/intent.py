"""What there should be of a fleet, decided from the object and from what there is. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.cluster.resources import Object
from goproxy_operator.desired import names
from goproxy_operator.desired.children import ChildFacts, children
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.stateful_set import claim_templates
from goproxy_operator.metrics_api.rules.registration import OFF, Registration
from goproxy_operator.reconcile.allowlist import decide_allowlist
from goproxy_operator.reconcile.claims import Claims, ClaimsObserved, decide_claims
from goproxy_operator.reconcile.missing_apis import missing_apis
from goproxy_operator.reconcile.plan import ChildId, child_id
from goproxy_operator.reconcile.problem import Problem
from goproxy_operator.reconcile.provider import CUSTOM_METRICS, Choice, Offers, choose
from goproxy_operator.reconcile.replicas import decide_replicas
from modproxy.contract.config import Imposed


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a fleet depends on that is neither the object nor its children."""

    default_image: str
    """Of the replicas, where the object names none."""
    served: Collection[str] = ()
    """The kinds of optional APIs that the cluster serves."""
    operator_namespace: str = ""
    """Where the operator's own pods are."""
    named_allowlist: Object | None = None
    """The ConfigMap that the object names, if there is one."""
    groups: Collection[str] = ()
    """All APIs that the cluster serves, as group/version."""
    own_metrics: Registration = OFF
    """How the metrics stand that the operator itself serves."""
    claims: Mapping[int, Object] = field(default_factory=dict)
    """By ordinal; also those of replicas that are no more."""
    pods: frozenset[int] = frozenset()
    """The ordinals of the pods that are not on their way out."""
    cannot_grow: Mapping[str, str] = field(default_factory=dict)
    """Why volumes of a StorageClass cannot grow, "" if they can: of those that were asked about."""
    pressed: bool = False
    """The caches were full long enough to grow, where the object lets them."""
    imposed: Imposed | None = None
    """What the object's class lets it serve."""


@dataclass(frozen=True, slots=True)
class Intent:
    """The children there should be, and why they are not all that is asked for."""

    children: Sequence[Manifest]
    config_hash: str
    """Of the documents in force."""
    hand_over: bool
    """The second manager has to own the number of replicas before the StatefulSet is sent."""
    claims: Claims
    config_problem: Problem | None = None
    autoscaling_problem: Problem | None = None
    missing_apis: Problem | None = None

    @property
    def ids(self) -> set[ChildId]:
        """Return kind and name of each child."""
        return {child_id(manifest) for manifest in self.children}


def intend(goproxy: GoProxy, live: Mapping[ChildId, Object], around: Surroundings) -> Intent:
    """Decide. `live` has every object of a child's name, whoever made it."""
    name = goproxy.metadata.name
    allowlist = None
    if source := goproxy.spec.modules.allowlist_config_map_name:
        allowlist = decide_allowlist(source, around.named_allowlist, live.get(("ConfigMap", names.config_map(name))))
    live_set = live.get(("StatefulSet", names.stateful_set(name)))
    storage = goproxy.spec.cache.storage
    claims = decide_claims(
        claim_templates(goproxy),
        ClaimsObserved(live_set, around.claims, around.pods, around.cannot_grow),
        storage.grow_to if storage else None,
        pressed=around.pressed,
    )
    autoscaling = goproxy.spec.autoscaling
    choice = choose(autoscaling, _offers(around)) if autoscaling is not None else Choice(None)
    running = max(around.pods, default=-1) + 1
    number = decide_replicas(goproxy, live_set, running, autoscaled=choice.provider is not None)
    files = documents(goproxy, claims.size_bytes, allowlist.text if allowlist else None, around.imposed)
    circumstances = ChildFacts(
        around.default_image,
        files,
        claims.templates,
        number.send,
        around.served,
        around.operator_namespace,
        choice.provider,
    )
    return Intent(
        children=children(goproxy, circumstances),
        config_hash=files.hash,
        hand_over=number.hand_over,
        claims=claims,
        config_problem=allowlist.problem if allowlist else None,
        autoscaling_problem=choice.problem,
        missing_apis=missing_apis(goproxy, around.served),
    )


def _offers(around: Surroundings) -> Offers:
    custom = any(group.partition("/")[0] == CUSTOM_METRICS for group in around.groups)
    return Offers(around.own_metrics, around.served, custom)
