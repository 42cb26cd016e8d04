"""Whether caches have claims or are ephemeral."""

from __future__ import annotations

from typing import Any

from goproxy_operator.desired.stateful_set import claim_templates
from goproxy_operator.reconcile.decide.claims import ClaimFacts
from goproxy_operator.reconcile.decide.storage import decide_storage
from tests.operator.desired.fleet_children import Object
from tests.operator.objects import goproxy

EPHEMERAL = {"storage": {"ephemeral": True, "size": "20480Mi"}}


def stateful_set(templates: list[Object], **volume: Any) -> Object:
    volumes = [{"name": "cache", **volume}] if volume else []
    return {"spec": {"volumeClaimTemplates": templates, "template": {"spec": {"volumes": volumes}}}}


def test_an_ephemeral_cache_has_no_claim() -> None:
    found = decide_storage(goproxy(cache=EPHEMERAL), ClaimFacts(), stayed_full=True)
    assert (found.templates, found.ephemeral_size, found.size_bytes) == ((), "20Gi", 20 * 2**30)
    assert (found.problem, found.grow, found.short, found.resizing) == (None, (), None, None)
    there = ClaimFacts(stateful_set([], emptyDir={"sizeLimit": "24Gi"}))
    assert decide_storage(goproxy(cache=EPHEMERAL), there, stayed_full=True) == found


def test_claims_stay_claims() -> None:
    plain = goproxy(cache={"storage": {"size": "10Gi", "storageClassName": "fast"}})
    there = ClaimFacts(stateful_set(claim_templates(plain)))
    found = decide_storage(goproxy(cache=EPHEMERAL), there, stayed_full=True)
    assert (found.templates, found.ephemeral_size) == (claim_templates(plain), None)
    assert found.problem is not None and found.problem.reason == "StorageImmutable"
    assert "remove cache.storage.ephemeral again" in found.problem.message


def test_an_ephemeral_cache_stays_ephemeral() -> None:
    there = ClaimFacts(stateful_set([], emptyDir={"sizeLimit": "24Gi"}))
    found = decide_storage(goproxy(cache={"storage": {"size": "10Gi"}}), there, stayed_full=True)
    assert (found.templates, found.ephemeral_size) == ((), "10Gi")
    assert found.problem is not None and "write cache.storage.ephemeral: true again" in found.problem.message


def test_a_stateful_set_that_others_spoilt_gets_its_claims_back() -> None:
    found = decide_storage(goproxy(), ClaimFacts(stateful_set([])), stayed_full=False)
    assert found.templates == claim_templates(goproxy())
    assert found.problem is None
