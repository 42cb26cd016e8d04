"""From the children there should be and those there are to what has to be done about them. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.kube.resources import STATEFUL_SETS, Object
from goproxy_operator.reconcile.decide.difference import stamp_of, stamped, subset
from goproxy_operator.reconcile.decide.problem import Problem

ChildId = tuple[str, str]
"""Kind and name."""


@dataclass(frozen=True, slots=True)
class Apply:
    """Send this child."""

    manifest: Manifest

    @property
    def about(self) -> ChildId:
        """Return kind and name of the child."""
        return child_id(self.manifest)


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete this child, which is not asked for any more."""

    kind: str
    name: str
    uid: str

    @property
    def about(self) -> ChildId:
        """Return kind and name of the child."""
        return self.kind, self.name


@dataclass(frozen=True, slots=True)
class Orphan:
    """Delete this StatefulSet but leave its pods and claims: it comes back with other claim templates."""

    name: str
    uid: str

    @property
    def about(self) -> ChildId:
        """Return kind and name of the child."""
        return STATEFUL_SETS.kind, self.name


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in order, and which objects are in the way."""

    actions: tuple[Apply | Delete | Orphan, ...]
    problem: Problem | None = None
    rolls: bool = False
    """What is sent of the StatefulSet replaces pods, because something else is sent than before."""

    def without_rollout(self) -> "Plan":
        """Return the plan that leaves the StatefulSet for later."""
        kept = (a for a in self.actions if not (isinstance(a, Apply) and a.manifest["kind"] == "StatefulSet"))
        return Plan(tuple(kept), self.problem)

    def about(self, ids: Collection[ChildId]) -> "Plan":
        """Return the part of the plan that is about these children."""
        return replace(self, actions=tuple(action for action in self.actions if action.about in ids))


def child_id(manifest: Manifest) -> ChildId:
    """Return what identifies a child within its namespace."""
    return manifest["kind"], manifest["metadata"]["name"]


def make_plan(fleet: str, uid: str, desired: Iterable[Manifest], live: Mapping[ChildId, Object]) -> Plan:
    """Compare. `live` has every object of a child's name, no matter who made it; what is not ours is never touched."""
    manifests = {child_id(manifest): manifest for manifest in desired}
    in_the_way = [at for at in manifests if at in live and not controlled(live[at], uid)]
    unwanted = [
        Delete(*at, uid=live[at]["metadata"]["uid"])
        for at in sorted(names.every_child(fleet) - manifests.keys())
        if at in live and controlled(live[at], uid) and not _going(live[at])
    ]
    sent = [
        action
        for at, manifest in ((at, stamped(manifest)) for at, manifest in manifests.items())
        if at not in in_the_way and (at not in live or not (_going(live[at]) or subset(manifest, live[at])))
        for action in sending(manifest, live.get(at))
    ]
    # An autoscaler is deleted before the StatefulSet gets its fixed number; otherwise it would write once more.
    rolls = any(_rolls(action, live) for action in sent)
    return Plan((*unwanted, *sent), _name_conflict(in_the_way), rolls)


def sending(manifest: Manifest, live: Object | None) -> tuple[Apply | Delete | Orphan, ...]:
    """Return an apply; where the API server would refuse it for what is live, what makes room for it."""
    if live is not None and manifest["kind"] == "StatefulSet":
        templates = manifest["spec"].get("volumeClaimTemplates", [])
        if not subset(templates, live["spec"].get("volumeClaimTemplates") or []):
            return (Orphan(live["metadata"]["name"], live["metadata"]["uid"]),)
    if live is not None and live.get("immutable"):
        # A ConfigMap that somebody made immutable can only be made anew.
        metadata = {key: value for key, value in manifest["metadata"].items() if key != "uid"}
        return Delete(*child_id(manifest), live["metadata"]["uid"]), Apply({**manifest, "metadata": metadata})
    return (Apply(manifest),)


def _rolls(action: Apply | Delete | Orphan, live: Mapping[ChildId, Object]) -> bool:
    if not isinstance(action, Apply) or action.manifest["kind"] != "StatefulSet":
        return False
    there = live.get(child_id(action.manifest))
    if there is None or stamp_of(there) == stamp_of(action.manifest):
        return False
    return not subset(action.manifest["spec"]["template"], there["spec"]["template"])


def controlled(item: Object, uid: str) -> bool:
    """Say whether the object of that uid is the controller of `item`."""
    owners = item["metadata"].get("ownerReferences", ())
    return any(owner.get("controller") and owner.get("uid") == uid for owner in owners)


def _going(item: Object) -> bool:
    """Say whether an object is being deleted: an apply on it seems to work, and its end is an event of its own."""
    return "deletionTimestamp" in item["metadata"]


def _name_conflict(in_the_way: Iterable[ChildId]) -> Problem | None:
    found = ", ".join(f"{kind} {name}" for kind, name in in_the_way)
    if not found:
        return None
    return Problem(
        "NameConflict",
        f"{found} exists and does not belong to this GoProxy, so it is left alone: delete or rename it, "
        "or give the GoProxy another name",
    )
