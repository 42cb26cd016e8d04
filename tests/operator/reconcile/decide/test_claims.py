"""How large claims are and how they grow: every state that a kill can leave behind leads on to the next step."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.api.cache import StorageSpec
from goproxy_operator.desired.stateful_set import claim_templates
from goproxy_operator.reconcile.decide.claims import (
    ClaimFacts,
    Claims,
    decide_claims,
    grown,
    next_growth_look,
    size_of,
    storage_class_refusal,
)
from goproxy_operator.reconcile.decide.difference import subset
from tests.operator.objects import goproxy
from tests.operator.reconcile.decide.claim_objects import claim, stateful_set

Object = dict[str, Any]


def decide(
    storage: Object | None,
    held: Object | None,
    *claims: Object,
    cannot_grow: dict[str, str] | None = None,
    stayed_full: bool = False,
) -> Claims:
    requested = claim_templates(goproxy(cache={"storage": storage} if storage else {}))
    by_ordinal = dict(enumerate(claims))
    facts = ClaimFacts(held, by_ordinal, frozenset(by_ordinal), cannot_grow)
    return decide_claims(requested, facts, (storage or {}).get("growTo"), stayed_full=stayed_full)


@pytest.mark.parametrize(
    ("storage", "held", "size", "reason"),
    [
        (None, None, 10 * 2**30, None),
        ({"size": "5Gi"}, None, 5 * 2**30, None),
        ({"size": "5120Mi"}, stateful_set("5Gi"), 5 * 2**30, None),
        ({"size": "20Gi"}, stateful_set("5Gi"), 20 * 2**30, None),
        ({"size": "5Gi"}, stateful_set("10Gi"), 10 * 2**30, None),
        ({"size": "5Gi", "storageClassName": "fast"}, stateful_set("5Gi"), 5 * 2**30, "StorageImmutable"),
        ({"size": "5Gi"}, stateful_set("5Gi", "fast"), 5 * 2**30, "StorageImmutable"),
        ({"size": "9Gi"}, stateful_set("5Gi", "fast"), 5 * 2**30, "StorageImmutable"),
    ],
)
def test_without_claims_only_the_size_may_differ(
    storage: Object | None, held: Object | None, size: int, reason: str | None
) -> None:
    claims = decide(storage, held)
    assert claims.size_bytes == size
    assert (claims.problem and claims.problem.reason) == reason
    if held is not None and size == 5 * 2**30:
        assert subset(list(claims.templates), held["spec"]["volumeClaimTemplates"])


CAN = {"standard": ""}


@pytest.mark.parametrize(
    ("held", "claims", "size", "grow", "resizing"),
    [
        ("5Gi", [claim(0, "5Gi"), claim(1, "5Gi")], "9Gi", ["u0", "u1"], "0 of 2 claims have grown to 9Gi"),
        ("5Gi", [claim(0, "9Gi", "5Gi"), claim(1, "5Gi")], "9Gi", ["u1"], "0 of 2 claims have grown to 9Gi"),
        ("5Gi", [claim(0, "9Gi"), claim(1, "9Gi", "5Gi")], "9Gi", [], "1 of 2 claims have grown to 9Gi"),
        (None, [claim(0, "9Gi"), claim(1, "9Gi", "5Gi")], "9Gi", [], "1 of 2 claims have grown to 9Gi"),
        ("9Gi", [claim(0, "9Gi"), claim(1, "9Gi", "5Gi")], "9Gi", [], "1 of 2 claims have grown to 9Gi"),
        ("9Gi", [claim(0, "9Gi"), claim(1, "5Gi")], "9Gi", ["u1"], "1 of 2 claims have grown to 9Gi"),
        ("9Gi", [claim(0, "9Gi"), claim(1, "9Gi")], "9Gi", [], None),
        ("9Gi", [claim(0, "20Gi"), claim(1, "9Gi")], "9Gi", [], None),
        ("9Gi", [claim(0, "5Gi", phase="Pending")], "9Gi", [], "0 of 1 claims have grown to 9Gi"),
    ],
)
def test_each_state_leads_to_the_next(
    held: str | None, claims: list[Object], size: str, grow: list[str], resizing: str | None
) -> None:
    decided = decide({"size": "9Gi"}, stateful_set(held) if held else None, *claims, cannot_grow=CAN)
    assert size_of(decided.templates[0]) == size
    assert [sent["metadata"]["uid"] for sent in decided.grow] == grow
    assert {size_of(sent) for sent in decided.grow} <= {"9Gi"}
    assert decided.resizing == resizing
    assert decided.problem is None


def test_the_class_is_asked_about_before_anything_is_done() -> None:
    decided = decide({"size": "9Gi"}, stateful_set("5Gi"), claim(0, "5Gi"))
    assert decided.unknown_storage_classes == {"standard"}
    assert (size_of(decided.templates[0]), decided.grow, decided.resizing) == ("5Gi", (), None)


@pytest.mark.parametrize(
    ("name", "storage_class", "said"),
    [
        ("standard", {"allowVolumeExpansion": True}, ""),
        ("standard", {}, "the claims' StorageClass standard does not say allowVolumeExpansion: true"),
        ("standard", None, "the claims' StorageClass standard does not exist"),
        ("", None, "the claims have no StorageClass"),
    ],
)
def test_a_class_that_cannot_expand_leaves_all_as_it_is(name: str, storage_class: Object | None, said: str) -> None:
    why = storage_class_refusal(name, storage_class)
    assert why == said
    if why:
        decided = decide({"size": "9Gi"}, stateful_set("5Gi"), claim(0, "5Gi"), cannot_grow={"standard": why})
        assert (size_of(decided.templates[0]), decided.grow) == ("5Gi", ())
        assert decided.problem is not None
        assert decided.problem.reason == "StorageCannotGrow"
        assert decided.problem.message.startswith(f"cache.storage.size 9Gi cannot be carried out: {why}; what runs")


def test_what_stands_in_the_way_of_a_claim_is_told() -> None:
    stuck = claim(
        0,
        "9Gi",
        "5Gi",
        allocatedResourceStatuses={"storage": "ControllerResizeInfeasible"},
        conditions=[{"type": "ControllerResizeError", "status": "True", "message": "the quota is used up"}],
    )
    assert decide({"size": "9Gi"}, stateful_set("9Gi"), stuck).resizing == (
        "0 of 1 claims have grown to 9Gi; cache-team-a-0: ControllerResizeInfeasible (the quota is used up)"
    )


GROW = {"size": "5Gi", "growTo": "20Gi"}


@pytest.mark.parametrize(
    ("held", "claims", "stayed_full", "size"),
    [
        ("5Gi", [claim(0, "5Gi")], False, "5Gi"),
        ("5Gi", [claim(0, "5Gi")], True, "8Gi"),
        ("8Gi", [claim(0, "8Gi")], False, "8Gi"),
        ("5Gi", [claim(0, "8Gi", "5Gi")], False, "8Gi"),
        ("16Gi", [claim(0, "16Gi")], True, "20Gi"),
        ("20Gi", [claim(0, "20Gi")], True, "20Gi"),
        (None, [claim(0, "8Gi")], True, "8Gi"),
        ("5Gi", [claim(0, "40Gi")], False, "5Gi"),
    ],
)
def test_growing_by_itself(held: str | None, claims: list[Object], stayed_full: bool, size: str) -> None:
    decided = decide(GROW, stateful_set(held) if held else None, *claims, cannot_grow=CAN, stayed_full=stayed_full)
    assert size_of(decided.templates[0]) == size


def test_without_grow_to_nothing_grows_by_itself() -> None:
    assert (
        size_of(decide({"size": "5Gi"}, stateful_set("5Gi"), claim(0, "5Gi"), stayed_full=True).templates[0]) == "5Gi"
    )


@pytest.mark.parametrize(
    ("size", "most", "next_size"), [("1Gi", "9Gi", "2Gi"), ("500Mi", "9Gi", "1Gi"), ("9Gi", "10G", "10G")]
)
def test_a_step_is_half_as_much_again(size: str, most: str, next_size: str) -> None:
    assert grown(size, most) == next_size


@pytest.mark.parametrize(
    ("storage", "grow_after", "seconds"),
    [
        (None, 600.0, None),
        (StorageSpec(size="5Gi"), 600.0, None),
        (StorageSpec(size="5Gi", grow_to="9Gi"), 600.0, 60.0),
        (StorageSpec(size="5Gi", grow_to="9Gi"), 4.0, 2.0),
    ],
)
def test_caches_that_may_grow_are_looked_at_often_enough(
    storage: StorageSpec | None, grow_after: float, seconds: float | None
) -> None:
    assert next_growth_look(storage, grow_after) == seconds


FOREIGN: list[Object] = [
    {"metadata": {}, "spec": {"replicas": 1}, "status": {}},
    {"metadata": {}, "spec": {"volumeClaimTemplates": []}},
    {"metadata": {}, "spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]}},
    {"metadata": {}, "spec": {"volumeClaimTemplates": [claim(0, "9" * 30 + "Ei")]}},
]


@pytest.mark.parametrize("held", FOREIGN, ids=str)
def test_a_stateful_set_that_somebody_else_made_says_nothing_of_the_size(held: Object) -> None:
    claims = decide({"size": "5Gi"}, held)
    assert (claims.size_bytes, claims.problem) == (5 * 2**30, None)


@pytest.mark.parametrize("size", ["9" * 30 + "Ei", "1e999", "0", "-5Gi", "much"])
def test_a_claim_of_a_size_that_cannot_be_is_left_out(size: str) -> None:
    claims = decide({"size": "5Gi", "growTo": "9Gi"}, stateful_set("5Gi"), claim(0, "5Gi"), claim(1, size))
    assert (claims.size_bytes, list(claims.grow)) == (5 * 2**30, [])
