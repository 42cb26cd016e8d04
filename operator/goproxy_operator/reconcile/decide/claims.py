"""How large the replicas' claims are, and how they grow without a replica or a claim being lost. Pure.

A StatefulSet's claim templates cannot be changed. So the claims are grown first, each by itself; then the StatefulSet
is deleted, leaving its pods and claims, and made again with the larger templates. What is seen after any of these steps
leads to the next one. Only the size may differ; everything else of the request is compared with what there is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from goproxy_operator.api.cache import StorageSpec
from goproxy_operator.desired.manifest import Manifest, without_empty
from goproxy_operator.kube.resources import CLAIMS, Object, very_object
from goproxy_operator.quantity import QuantityError, canonical, parse_quantity, size_in_bytes
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

    @property
    def size_bytes(self) -> int:
        """The size of the cache of each replica."""
        return size_in_bytes(size_of(self.templates[0]))


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


def decide_claims(requested: Sequence[Manifest], facts: ClaimFacts, most: str | None, *, stayed_full: bool) -> Claims:
    """Decide. If `most` is given, the claims may grow by themselves up to it; `stayed_full` says that it is time to."""
    # Whoever may make claims and StatefulSets may give them a replica's name, and any size that the API server takes.
    claims = {ordinal: claim for ordinal, claim in (facts.claims or {}).items() if _has_size(claim)}
    templates_there = (facts.stateful_set or {}).get("spec", {}).get("volumeClaimTemplates") or []
    kept = (
        [_as_sent(one) for one in templates_there] if templates_there and all(map(_has_size, templates_there)) else None
    )
    desired = _desired_size(size_of(requested[0]), kept, claims, most, stayed_full=stayed_full)
    templates = [_with_size(template, desired) for template in requested]
    if kept is None:
        return _growing(templates, claims, facts.used)
    if [_with_size(template, desired) for template in kept] != templates:
        return Claims(kept, problem=_immutable(requested[0], kept[0]))
    if size_of(kept[0]) == desired and not any(_is_smaller(claim, desired) for claim in claims.values()):
        return _growing(templates, claims, facts.used)
    storage_classes = {_storage_class_of(claim) for claim in claims.values() if _is_smaller(claim, desired)}
    known = facts.cannot_grow or {}
    if unknown := storage_classes - known.keys():
        return Claims(kept, unknown_storage_classes=frozenset(unknown))
    if refused := [known[name] for name in sorted(storage_classes) if known[name]]:
        return Claims(kept, problem=_cannot_grow(size_of(kept[0]), desired, refused[0]))
    return _growing(templates, claims, facts.used)


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


def _has_size(claim: Manifest) -> bool:
    """Say whether a claim, or a template of one, says how large it is, so that it can be compared."""
    try:
        return parse_quantity(size_of(claim)) > 0
    except (KeyError, TypeError, QuantityError):
        return False


def _desired_size(
    requested: str,
    kept: Sequence[Manifest] | None,
    claims: Mapping[int, Object],
    most: str | None,
    *,
    stayed_full: bool,
) -> str:
    """Return a size that is never less than there is: claims, and templates that have grown, do not shrink."""
    sizes = [requested, *(size_of(template) for template in kept or ())]
    if most is not None:
        # A process of before may have begun to let claims grow.
        sizes += [size_of(claim) for claim in claims.values() if not _is_larger(claim, most)]
    desired = max(sizes, key=parse_quantity)
    if stayed_full and most is not None and kept is not None and parse_quantity(desired) < parse_quantity(most):
        return grown(desired, most)
    return canonical(desired)


def _growing(templates: Sequence[Manifest], claims: Mapping[int, Object], used: frozenset[int]) -> Claims:
    desired = size_of(templates[0])
    small = [claim for _, claim in sorted(claims.items()) if _is_smaller(claim, desired)]
    return Claims(templates, [_larger_claim(claim, desired) for claim in small], _progress(claims, used, desired))


def _progress(claims: Mapping[int, Object], used: frozenset[int], desired: str) -> str | None:
    """Say how far the claims of the replicas there are have come; those that nobody uses grow when they are used."""
    bound = [claims[ordinal] for ordinal in sorted(used & claims.keys()) if claims[ordinal]["status"].get("capacity")]
    waiting = [claim for claim in bound if _capacity(claim) < parse_quantity(desired)]
    if not waiting:
        return None
    said = "; ".join(filter(None, map(_obstacle, waiting)))
    return f"{len(bound) - len(waiting)} of {len(bound)} claims have grown to {desired}" + (f"; {said}" if said else "")


def _obstacle(claim: Object) -> str:
    name, status = claim["metadata"]["name"], claim["status"]
    stage = status.get("allocatedResourceStatuses", {}).get("storage", "")
    told = [c.get("message", "") for c in status.get("conditions", ()) if c["status"] == "True" and c.get("message")]
    if stage.endswith("Infeasible"):
        return f"{name}: {stage}{f' ({told[0]})' if told else ''}"
    return f"{name}: {told[0]}" if told else ""


def _larger_claim(claim: Object, size: str) -> Manifest:
    return {**very_object(CLAIMS, claim), "spec": {"resources": {"requests": {"storage": size}}}}


def _is_smaller(claim: Object, size: str) -> bool:
    """Say whether a claim is to grow; one that has no volume yet cannot be changed."""
    if "deletionTimestamp" in claim["metadata"] or claim["status"].get("phase") != "Bound":
        return False
    return parse_quantity(size_of(claim)) < parse_quantity(size)


def _is_larger(claim: Object, size: str) -> bool:
    return parse_quantity(size_of(claim)) > parse_quantity(size)


def _capacity(claim: Object) -> Decimal:
    return parse_quantity(str(claim["status"]["capacity"]["storage"]))


def _storage_class_of(claim: Object) -> str:
    return str(claim["spec"].get("storageClassName") or "")


def _cannot_grow(kept: str, desired: str, why: str) -> Problem:
    return Problem(
        "StorageCannotGrow",
        f"cache.storage.size {desired} cannot be carried out: {why}; what runs goes on with {kept}: let the class "
        f"expand volumes, or make a new GoProxy with {desired}",
    )


def _immutable(requested: Manifest, kept: Manifest) -> Problem:
    return Problem(
        "StorageImmutable",
        f"the claims have {_describe(kept)} and cannot become {_describe(requested)}: write cache.storage as the "
        "claims are, or make a new GoProxy",
    )


def _describe(template: Manifest) -> str:
    storage_class = template["spec"].get("storageClassName")
    return f"{size_of(template)} of {f'class {storage_class}' if storage_class else 'the default class'}"


def _with_size(template: Manifest, size: str) -> Manifest:
    return {**template, "spec": {**template["spec"], "resources": {"requests": {"storage": size}}}}


def _as_sent(template: Manifest) -> Manifest:
    """Reduce a live template to what we send of one."""
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
