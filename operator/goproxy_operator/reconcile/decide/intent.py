"""What there should be of a fleet, decided from the object and from what there is. Pure.

A decision may need facts that cost a call to the API server. An intent names them as questions; a pass answers the
first of them and decides anew, until no question is open.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.children import ChildFacts, children
from goproxy_operator.desired.config.access import ClusterIssuer
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.kin import NO_KIN, Kin
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.kube.resources import Object
from goproxy_operator.metrics_api.rules.registration import OFF, Registration
from goproxy_operator.reconcile.decide.allowlist import decide_allowlist
from goproxy_operator.reconcile.decide.claims import ClaimFacts, Claims
from goproxy_operator.reconcile.decide.missing_apis import missing_apis
from goproxy_operator.reconcile.decide.plan import ChildId, child_id
from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.provider import CUSTOM_METRICS, Choice, ProviderFacts, choose_provider
from goproxy_operator.reconcile.decide.replicas import decide_replicas
from goproxy_operator.reconcile.decide.storage import decide_storage
from modproxy.contract.config import Imposed
from modproxy.contract.log_lines import TEXT

_OPENSHIFT = "security.openshift.io"
"""The API of OpenShift's SecurityContextConstraints, which give each namespace its own range of users."""


@dataclass(frozen=True, slots=True)
class MissingChildren:
    """Whether these children exist: an object of such a name that is not ours has no fleet label, and is not known."""

    ids: frozenset[ChildId]


@dataclass(frozen=True, slots=True)
class UnknownStorageClasses:
    """Whether volumes of these StorageClasses can grow."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class UngrownClaims:
    """Whether the API server lets these claims grow, which is found out by applying them."""

    manifests: tuple[Manifest, ...]


Question = MissingChildren | UnknownStorageClasses | UngrownClaims


@dataclass(frozen=True, slots=True)
class IntentFacts:
    """What a fleet's intent is decided from, besides the object, with the answers to the questions of before."""

    default_image: str
    """The image of the replicas where the object names no image."""
    log_format: str = TEXT
    """How the replicas log."""
    live: Mapping[ChildId, Object] = field(default_factory=dict)
    """Every object of a child's name, no matter who made it."""
    served: Collection[str] = ()
    """The kinds of optional APIs that the cluster serves."""
    operator_namespace: str = ""
    """Where the operator's own pods are."""
    docs: str = "docs"
    """Where people read the pages about alerts."""
    named_allowlist: Object | None = None
    """The ConfigMap that the object names, if there is one."""
    groups: Collection[str] = ()
    """All APIs that the cluster serves, as group/version."""
    own_metrics: Registration = OFF
    """How the metrics stand that the operator itself serves."""
    claims: Mapping[int, Object] = field(default_factory=dict)
    """The claims by ordinal, also those of replicas that are no more."""
    pods: frozenset[int] = frozenset()
    """The ordinals of the pods that are not on their way out."""
    stayed_full: bool = False
    """The caches were full long enough to grow, where the object lets them."""
    imposed: Imposed | None = None
    """What the object's class lets it serve."""
    cluster: ClusterIssuer | None = None
    """Who signs the tokens of the cluster's service accounts, where that is known."""
    kin: Kin = NO_KIN
    """The other fleets that the fleet is tied to."""
    looked_up: frozenset[ChildId] = frozenset()
    """The children that the API server was asked for: one of them that is not in `live` does not exist."""
    cannot_grow: Mapping[str, str] = field(default_factory=dict)
    """Why volumes of a StorageClass cannot grow, "" if they can, for each class about which it is known."""
    growth_refusal: str | None = None
    """Why the API server refused to let claims grow, "" if it did not; None: nothing was applied yet."""

    def with_children(self, asked_about: Collection[ChildId], found: Mapping[ChildId, Object]) -> "IntentFacts":
        """Return the facts with the answer to `MissingChildren`."""
        return replace(self, live={**self.live, **found}, looked_up=self.looked_up | frozenset(asked_about))

    def with_storage_classes(self, cannot_grow: Mapping[str, str]) -> "IntentFacts":
        """Return the facts with the answer to `UnknownStorageClasses`."""
        return replace(self, cannot_grow={**self.cannot_grow, **cannot_grow})

    def with_growth(self, refusal: str) -> "IntentFacts":
        """Return the facts with the answer to `UngrownClaims`: no volume can grow while the API server refuses."""
        cannot_grow = dict.fromkeys(self.cannot_grow, refusal) if refusal else self.cannot_grow
        return replace(self, growth_refusal=refusal, cannot_grow=cannot_grow)

    def without_growth(self, why: str) -> "IntentFacts":
        """Return the facts by which no claim is made larger, whatever is asked for."""
        names = (claim["spec"].get("storageClassName") or "" for claim in self.claims.values())
        return replace(self, stayed_full=False, growth_refusal=why, cannot_grow=dict.fromkeys(map(str, names), why))


@dataclass(frozen=True, slots=True)
class Intent:
    """The children there should be, why they are not all that is asked for, and what has to be known first."""

    children: Sequence[Manifest]
    config_hash: str
    """The hash of the documents in force."""
    hand_over: bool
    """The second manager has to own the number of replicas before the StatefulSet is sent."""
    claims: Claims
    config_problem: Problem | None = None
    autoscaling_problem: Problem | None = None
    missing_apis: Problem | None = None
    questions: tuple[Question, ...] = ()
    """The first of them has to be answered, and a new intent made, before anything of this intent is carried out."""

    @property
    def ids(self) -> set[ChildId]:
        """Return kind and name of each child."""
        return {child_id(manifest) for manifest in self.children}


def intend(goproxy: GoProxy, facts: IntentFacts) -> Intent:
    """Decide what there should be, and what has to be known before that is carried out."""
    name = goproxy.metadata.name
    allowlist = None
    if source := goproxy.spec.modules.allowlist_config_map_name:
        known = facts.live.get(("ConfigMap", names.config_map(name)))
        allowlist = decide_allowlist(source, facts.named_allowlist, known)
    live_set = facts.live.get(("StatefulSet", names.stateful_set(name)))
    autoscaling = goproxy.spec.autoscaling
    choice = choose_provider(autoscaling, _provider_facts(facts)) if autoscaling is not None else Choice(None)
    running = max(facts.pods, default=-1) + 1
    number = decide_replicas(goproxy, live_set, running, autoscaled=choice.provider is not None)
    claims = decide_storage(
        goproxy,
        ClaimFacts(live_set, facts.claims, facts.pods, facts.cannot_grow, _replicas(number.send, live_set)),
        stayed_full=facts.stayed_full,
    )
    listed = allowlist.text if allowlist else None
    files = documents(goproxy, claims.size_bytes, listed, facts.imposed, facts.cluster, kin=facts.kin, docs=facts.docs)
    circumstances = ChildFacts(
        facts.default_image,
        files,
        claims.templates,
        number.send,
        facts.served,
        facts.operator_namespace,
        choice.provider,
        assigned_users=any(group.partition("/")[0] == _OPENSHIFT for group in facts.groups),
        log_format=facts.log_format,
        docs=facts.docs,
        ephemeral_size=claims.ephemeral_size,
        kin=facts.kin,
    )
    made = children(goproxy, circumstances)
    return Intent(
        children=made,
        config_hash=files.hash,
        hand_over=number.hand_over,
        claims=claims,
        config_problem=allowlist.problem if allowlist else None,
        autoscaling_problem=choice.problem,
        missing_apis=missing_apis(goproxy, facts.served),
        questions=() if goproxy.spec.suspend else _questions(map(child_id, made), claims, facts),
    )


def _questions(ids: Iterable[ChildId], claims: Claims, facts: IntentFacts) -> tuple[Question, ...]:
    """Return what is open, in the order in which it is to be answered: an answer may settle those that follow."""
    found: list[Question] = []
    if missing := frozenset(ids) - facts.live.keys() - facts.looked_up:
        found.append(MissingChildren(missing))
    if claims.unknown_storage_classes:
        found.append(UnknownStorageClasses(claims.unknown_storage_classes))
    if claims.grow and facts.growth_refusal is None:
        found.append(UngrownClaims(tuple(claims.grow)))
    return tuple(found)


def _replicas(sent: int | None, live_set: Object | None) -> int:
    return sent if sent is not None else int((live_set or {}).get("spec", {}).get("replicas", 0))


def _provider_facts(facts: IntentFacts) -> ProviderFacts:
    custom = any(group.partition("/")[0] == CUSTOM_METRICS for group in facts.groups)
    return ProviderFacts(facts.own_metrics, facts.served, custom)
