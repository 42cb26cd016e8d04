"""Whether the caches have claims or are ephemeral, and how large they are. Pure.

A StatefulSet's pods keep the kind of volume with which they were made, and so does a fleet. A class may change its
defaults: the fleets that it has keep what they have, and tell so.
"""

from dataclasses import replace

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.stateful_set import DEFAULT_STORAGE, claim_templates
from goproxy_operator.kube.resources import Object
from goproxy_operator.quantity import canonical
from goproxy_operator.reconcile.decide.claim_problems import another_kind
from goproxy_operator.reconcile.decide.claims import ClaimFacts, Claims, as_sent, decide_claims, has_size


def decide_storage(goproxy: GoProxy, facts: ClaimFacts, *, stayed_full: bool) -> Claims:
    """Decide. `stayed_full` says that the caches may grow by themselves now, if the object lets them."""
    storage = goproxy.spec.cache.storage
    size = canonical(storage.size if storage is not None and storage.size is not None else DEFAULT_STORAGE)
    templates = (facts.stateful_set or {}).get("spec", {}).get("volumeClaimTemplates") or []
    if storage is not None and storage.ephemeral:
        if not templates or not all(map(has_size, templates)):
            return Claims((), ephemeral_size=size)
        kept = decide_claims([as_sent(one) for one in templates], facts, None, stayed_full=False)
        return replace(kept, problem=another_kind(ephemeral=False))
    if _is_ephemeral(facts.stateful_set):
        return Claims((), ephemeral_size=size, problem=another_kind(ephemeral=True))
    return decide_claims(claim_templates(goproxy), facts, storage.grow_to if storage else None, stayed_full=stayed_full)


def _is_ephemeral(stateful_set: Object | None) -> bool:
    """Say whether the pods have the cache on the node's disk."""
    spec = (stateful_set or {}).get("spec", {})
    volumes = spec.get("template", {}).get("spec", {}).get("volumes") or ()
    return not spec.get("volumeClaimTemplates") and any(
        volume.get("name") == names.CLAIM_TEMPLATE and "emptyDir" in volume for volume in volumes
    )
