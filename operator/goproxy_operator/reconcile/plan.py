"""From the children there should be and those there are to what has to be done about them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from goproxy_operator.cluster.resources import Object
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.reconcile.difference import stamped, subset
from goproxy_operator.reconcile.problem import Problem

ChildId = tuple[str, str]
"""Kind and name."""


@dataclass(frozen=True, slots=True)
class Apply:
    """Send this child."""

    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete this child, which is not asked for any more."""

    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in order, and which objects are in the way."""

    actions: tuple[Apply | Delete, ...]
    problem: Problem | None = None


def child_id(manifest: Manifest) -> ChildId:
    """Return what identifies a child within its namespace."""
    return manifest["kind"], manifest["metadata"]["name"]


def make_plan(fleet: str, uid: str, desired: Iterable[Manifest], live: Mapping[ChildId, Object]) -> Plan:
    """Compare. `live` has every object of a child's name, whoever made it; one that is not ours is never touched."""
    manifests = {child_id(manifest): manifest for manifest in desired}
    in_the_way = [at for at in manifests if at in live and not controlled(live[at], uid)]
    unwanted = [
        Delete(*at, uid=live[at]["metadata"]["uid"])
        for at in sorted(names.every_child(fleet) - manifests.keys())
        if at in live and controlled(live[at], uid) and not _going(live[at])
    ]
    sent = [
        Apply(manifest)
        for at, manifest in ((at, stamped(manifest)) for at, manifest in manifests.items())
        if at not in in_the_way and (at not in live or not (_going(live[at]) or subset(manifest, live[at])))
    ]
    # An autoscaler goes before the StatefulSet gets its fixed number, or it would write once more.
    return Plan((*unwanted, *sent), _name_conflict(in_the_way))


def controlled(item: Object, uid: str) -> bool:
    """Say whether the object of that uid is the controller of `item`."""
    owners = item["metadata"].get("ownerReferences", ())
    return any(owner.get("controller") and owner.get("uid") == uid for owner in owners)


def _going(item: Object) -> bool:
    """An apply on an object that is being deleted is answered as if it had worked; its end is an event of its own."""
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
