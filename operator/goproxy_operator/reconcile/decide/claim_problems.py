"""What is told of claims that are not as they are asked for: why, and what really helps. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from goproxy_operator.desired.names import CLAIM_TEMPLATE
from goproxy_operator.reconcile.decide.problem import Problem

_MOST_TOLD = 3
"""So many claims are named: their owner finds the others by the fleet's label."""
_ANEW = "make a new GoProxy with another name"


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, or a template of one, for people."""

    size: str
    storage_class: str
    name: str = ""


def cannot_grow(claims: Iterable[Claim], desired: str, why: str, least: str) -> Problem:
    """Tell that claims stay smaller than what is `desired`; `least` is what the caches have meanwhile."""
    small = list(claims)
    return Problem(
        "StorageCannotGrow",
        f"cache.storage.size {desired} cannot be carried out: {why}; {_listed(small)}, and the caches go on with "
        f"{least}: let volumes expand, or write size {least}, or replace one replica after the other by an empty one "
        f"of {desired}: kubectl delete --wait=false {_with_pod(small[0])}",
    )


def not_provisioned(claims: Iterable[Claim], template: Claim) -> Problem:
    """Tell that claims wait for volumes of another size or class than is asked for by now."""
    waiting = list(claims)
    return Problem(
        "StorageNotProvisioned",
        f"{_listed(waiting)}, but no volume, and a claim without a volume cannot be changed to {_described(template)}: "
        f"delete each with its pod, and both come back: kubectl delete --wait=false {_with_pod(waiting[0])}",
    )


def immutable(requested: Claim, kept: Claim) -> Problem:
    """Tell that claims cannot come from another StorageClass."""
    name = kept.storage_class
    back = f"write storageClassName {name} again" if name else "leave storageClassName out again"
    return Problem(
        "StorageImmutable",
        f"the claims have {_described(kept)} and cannot become {_described(requested)}: {back}, here or in the "
        f"defaults of the fleet's class, or {_ANEW}",
    )


def another_kind(*, ephemeral: bool) -> Problem:
    """Tell that caches which are `ephemeral`, or are not, stay so."""
    there, asked = ("an ephemeral cache", "claims") if ephemeral else ("claims", "an ephemeral cache")
    back = "write cache.storage.ephemeral: true again" if ephemeral else "remove cache.storage.ephemeral again"
    return Problem(
        "StorageImmutable",
        f"the replicas have {there} and cannot get {asked}: {back}, here or in the defaults of the fleet's class, or "
        f"{_ANEW}",
    )


def _listed(claims: list[Claim]) -> str:
    more = len(claims) - _MOST_TOLD
    named = ", ".join(f"{claim.name} has {claim.size}" for claim in claims[:_MOST_TOLD])
    return named + (f", and {more} more are like that" if more > 0 else "")


def _with_pod(claim: Claim) -> str:
    return f"pvc/{claim.name} pod/{claim.name.removeprefix(f'{CLAIM_TEMPLATE}-')}"


def _described(claim: Claim) -> str:
    return f"{claim.size} of {f'class {claim.storage_class}' if claim.storage_class else 'the default class'}"
