"""How large the replicas' claims are, and how they grow without a replica or a claim being lost. Pure.

A StatefulSet's claim templates cannot be changed. So the claims are grown first, each by itself; then the StatefulSet
is deleted, leaving its pods and claims, and made again with the larger templates. What is seen after any of these steps
leads to the next one. Only the size may differ; everything else of the request is compared with what there is.

Claims outlive a fleet, and some cannot grow. So what the caches may hold is what the claims really have, and never more
than what is asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from goproxy_operator.api.cache import StorageSpec
from goproxy_operator.desired.manifest import Manifest, without_empty
from goproxy_operator.kube.resources import CLAIMS, Object, very_object
from goproxy_operator.quantity import QuantityError, canonical, parse_quantity, size_in_bytes
from goproxy_operator.reconcile.decide.claim_problems import Claim, cannot_grow, immutable, not_provisioned
from goproxy_operator.reconcile.decide.problem import Problem

_GI = 2**30
_GROWTH_LOOK = 60.0
"""Seconds between two looks at whether a cache that may grow by itself has been full for long."""


@dataclass(frozen=True, slots=True)
class Claims:
    """How large the claims are to be, and what has to be done for that."""

    templates: Sequence[Manifest]
    """The templates that the StatefulSet has, or those that it gets."""
    grow: Sequence[Manifest] = ()
    """What is applied to claims that are too small, before the StatefulSet goes."""
    resizing: str | None = None
    """What is under way, for people."""
    problem: Problem | None = None
    unknown_storage_classes: frozenset[str] = frozenset()
    """StorageClasses of which it has to be known first whether their volumes can grow."""
    least: str | None = None
    """The size of the smallest volume of the replicas; None while no replica has a volume."""

    ephemeral_size: str | None = None
    """The size of a cache that has no claim."""

    @property
    def size_bytes(self) -> int:
        """The size of the cache of each replica."""
        return size_in_bytes(self.ephemeral_size or self.short or size_of(self.templates[0]))

    @property
    def short(self) -> str | None:
        """The size that the claims have, where that is less than what they are to have."""
        if (
            self.least is None
            or self.ephemeral_size
            or parse_quantity(self.least) >= parse_quantity(size_of(self.templates[0]))
        ):
            return None
        return self.least


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """What the size of claims is decided from, besides what is requested."""

    stateful_set: Object | None = None
    claims: Mapping[int, Object] | None = None
    """The claims by ordinal, also those of replicas that are no more."""
    used: frozenset[int] = frozenset()
    """The ordinals of the pods."""
    cannot_grow: Mapping[str, str] | None = None
    """Why volumes of a StorageClass cannot grow, "" if they can, for each class about which it is known."""
    replicas: int = 0
    """How many replicas there are to be: each of them takes the claim of its ordinal, if there is one."""


def decide_claims(requested: Sequence[Manifest], facts: ClaimFacts, most: str | None, *, stayed_full: bool) -> Claims:
    """Decide. If `most` is given, the claims may grow by themselves up to it; `stayed_full` says that it is time to."""
    # Whoever may make claims and StatefulSets may give them a replica's name, and any size that the API server takes.
    claims = {ordinal: claim for ordinal, claim in (facts.claims or {}).items() if has_size(claim)}
    serving = {n: claim for n, claim in claims.items() if n < facts.replicas or n in facts.used}
    templates_there = (facts.stateful_set or {}).get("spec", {}).get("volumeClaimTemplates") or []
    kept = (
        [as_sent(one) for one in templates_there] if templates_there and all(map(has_size, templates_there)) else None
    )
    base = _least_desired(size_of(requested[0]), kept, claims, serving, most)
    templates = [_with_size(template, base) for template in requested]
    volumes = _volumes(serving.values())
    least = min(volumes, key=parse_quantity, default=None)
    bound = any(map(_is_bound, claims.values()))
    if kept is not None and bound and [_with_size(template, base) for template in kept] != templates:
        return Claims(kept, problem=immutable(_of_template(requested[0]), _of_template(kept[0])), least=least)
    growing = stayed_full and most is not None and kept is not None and parse_quantity(base) < parse_quantity(most)
    desired = grown(base, most) if growing and most is not None else base
    small = [claim for _, claim in sorted(claims.items()) if _is_smaller(claim, desired)]
    known = facts.cannot_grow or {}
    if unknown := {_storage_class_of(claim) for claim in small} - known.keys():
        return Claims(kept or templates, unknown_storage_classes=frozenset(unknown), least=least)
    fixed = [claim for claim in small if known[_storage_class_of(claim)]]
    if fixed:
        # Nothing grows by itself where it cannot: what the templates say is what a replica that comes gets.
        small = [claim for claim in small if claim not in fixed and _is_smaller(claim, base)]
        told = cannot_grow(map(_of_claim, fixed), desired, known[_storage_class_of(fixed[0])], least or base)
        return replace(_growing(templates, small, serving, facts.used, least), problem=told)
    templates = [_with_size(template, desired) for template in requested]
    decided = _growing(templates, small, serving, facts.used, least)
    waiting = [claim for _, claim in sorted(serving.items()) if _waits_in_vain(claim, templates[0])]
    if waiting:
        return replace(decided, problem=not_provisioned(map(_of_claim, waiting), _of_template(templates[0])))
    return decided


def storage_class_refusal(name: str, storage_class: Object | None) -> str:
    """Say why volumes of a class cannot grow; "" if they can. `name` is empty for claims without a class."""
    if not name:
        return "the claims have no StorageClass"
    if storage_class is None:
        return f"the claims' StorageClass {name} does not exist"
    if not storage_class.get("allowVolumeExpansion"):
        return f"the claims' StorageClass {name} does not say allowVolumeExpansion: true"
    return ""


def next_growth_look(storage: StorageSpec | None, grow_after: float) -> float | None:
    """Return in how many seconds to look again whether the caches stayed full; None where claims do not grow."""
    return min(_GROWTH_LOOK, grow_after / 2) if storage and storage.grow_to else None


def size_of(template: Manifest) -> str:
    """Return the size that a claim or a template of one asks for."""
    return str(template["spec"]["resources"]["requests"]["storage"])


def grown(size: str, most: str) -> str:
    """Return the next size of claims that grow by themselves: half as much again, in whole Gi, up to the most."""
    step = -(-size_in_bytes(size) * 3 // 2 // _GI) * _GI
    return canonical(f"{step // _GI}Gi") if step < size_in_bytes(most) else canonical(most)


def has_size(claim: Manifest) -> bool:
    """Say whether a claim, or a template of one, says how large it is, so that it can be compared."""
    try:
        return parse_quantity(size_of(claim)) > 0
    except (KeyError, TypeError, QuantityError):
        return False


def _least_desired(
    requested: str,
    kept: Sequence[Manifest] | None,
    claims: Mapping[int, Object],
    serving: Mapping[int, Object],
    most: str | None,
) -> str:
    """Return a size that is never less than what was carried out: templates and claims that have grown do not shrink.

    A size that the templates have and no volume has was never carried out, and may be taken back.
    """
    sizes = [requested]
    volumes = _volumes(serving.values()) or _volumes(claims.values())
    for template in kept or ():
        sizes += [min(size_of(template), *volumes, key=parse_quantity)] if volumes else []
    if most is not None:
        # A process of before may have begun to let claims grow.
        begun = [size_of(one) for one in (*(kept or ()), *claims.values())]
        sizes += [size for size in begun if parse_quantity(size) <= parse_quantity(most)]
    return canonical(max(sizes, key=parse_quantity))


def _growing(
    templates: Sequence[Manifest],
    small: Sequence[Object],
    serving: Mapping[int, Object],
    used: frozenset[int],
    least: str | None,
) -> Claims:
    desired = size_of(templates[0])
    grow = [_larger_claim(claim, desired) for claim in small]
    there = [claim for n, claim in sorted(serving.items()) if n in used and _volume(claim) is not None]
    under_way = [one for one in there if one in small or parse_quantity(size_of(one)) >= parse_quantity(desired)]
    return Claims(templates, grow, _progress(there, under_way, desired), least=least)


def _progress(claims: Sequence[Object], growing: Sequence[Object], desired: str) -> str | None:
    """Say how far the claims of the replicas there are have come; those that nobody uses grow when they are used."""
    waiting = [claim for claim in growing if parse_quantity(_volume(claim) or desired) < parse_quantity(desired)]
    if not waiting:
        return None
    said = "; ".join(filter(None, map(_obstacle, waiting)))
    return f"{len(claims) - len(waiting)} of {len(claims)} claims have grown to {desired}" + (
        f"; {said}" if said else ""
    )


def _obstacle(claim: Object) -> str:
    name, status = claim["metadata"]["name"], claim["status"]
    stage = status.get("allocatedResourceStatuses", {}).get("storage", "")
    told = [c.get("message", "") for c in status.get("conditions", ()) if c["status"] == "True" and c.get("message")]
    if stage.endswith("Infeasible"):
        return f"{name}: {stage}{f' ({told[0]})' if told else ''}"
    return f"{name}: {told[0]}" if told else ""


def _larger_claim(claim: Object, size: str) -> Manifest:
    return {**very_object(CLAIMS, claim), "spec": {"resources": {"requests": {"storage": size}}}}


def _is_bound(claim: Object) -> bool:
    return bool(claim["status"].get("phase") == "Bound")


def _is_smaller(claim: Object, size: str) -> bool:
    """Say whether a claim is to grow; one that has no volume yet cannot be changed."""
    if "deletionTimestamp" in claim["metadata"] or not _is_bound(claim):
        return False
    return parse_quantity(size_of(claim)) < parse_quantity(size)


def _waits_in_vain(claim: Object, template: Manifest) -> bool:
    """Say whether a claim waits for a volume that is not asked for any more: nobody can change such a claim."""
    if "deletionTimestamp" in claim["metadata"] or _is_bound(claim):
        return False
    named = template["spec"].get("storageClassName")
    larger = parse_quantity(size_of(claim)) > parse_quantity(size_of(template))
    return larger or (named is not None and _storage_class_of(claim) != named)


def _volumes(claims: Iterable[Object]) -> list[str]:
    return [size for size in map(_volume, claims) if size is not None]


def _volume(claim: Object) -> str | None:
    """Return how large a claim's volume is; None where it has none, or one of a size that cannot be."""
    if not _is_bound(claim):
        return None
    size = str((claim["status"].get("capacity") or {}).get("storage", ""))
    try:
        return canonical(size) if parse_quantity(size) > 0 else None
    except QuantityError:
        return None


def _storage_class_of(claim: Object) -> str:
    return str(claim["spec"].get("storageClassName") or "")


def _of_claim(claim: Object) -> Claim:
    return Claim(_volume(claim) or size_of(claim), _storage_class_of(claim), claim["metadata"]["name"])


def _of_template(template: Manifest) -> Claim:
    return Claim(size_of(template), template["spec"].get("storageClassName") or "")


def _with_size(template: Manifest, size: str) -> Manifest:
    return {**template, "spec": {**template["spec"], "resources": {"requests": {"storage": size}}}}


def as_sent(template: Manifest) -> Manifest:
    """Reduce a live template of a claim to what is sent of one."""
    metadata, spec = template["metadata"], template["spec"]
    return {
        "metadata": without_empty({"name": metadata["name"], "labels": metadata.get("labels")}),
        "spec": without_empty(
            {
                "accessModes": spec.get("accessModes"),
                "resources": {"requests": spec["resources"]["requests"]},
                "storageClassName": spec.get("storageClassName"),
            }
        ),
    }
