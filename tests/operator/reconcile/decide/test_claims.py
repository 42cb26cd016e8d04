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
        ({"size": "5Gi"}, stateful_set("10Gi"), 5 * 2**30, None),
        ({"size": "5Gi", "storageClassName": "fast"}, stateful_set("5Gi"), 5 * 2**30, None),
        ({"size": "5Gi"}, stateful_set("5Gi", "fast"), 5 * 2**30, None),
    ],
)
def test_what_no_volume_was_made_for_is_as_it_is_asked_for(
    storage: Object | None, held: Object | None, size: int, reason: str | None
) -> None:
    claims = decide(storage, held)
    assert claims.size_bytes == size
    assert (claims.problem and claims.problem.reason) == reason
    assert list(claims.templates) == claim_templates(goproxy(cache={"storage": storage} if storage else {}))


@pytest.mark.parametrize(
    ("storage", "held", "advice"),
    [
        ({"size": "5Gi", "storageClassName": "fast"}, stateful_set("5Gi"), "leave storageClassName out again"),
        ({"size": "5Gi"}, stateful_set("5Gi", "fast"), "write storageClassName fast again"),
        ({"size": "9Gi"}, stateful_set("5Gi", "fast"), "write storageClassName fast again"),
    ],
)
def test_volumes_keep_their_class(storage: Object, held: Object, advice: str) -> None:
    claims = decide(storage, held, claim(0, "5Gi"))
    assert claims.size_bytes == 5 * 2**30
    assert claims.problem is not None
    assert claims.problem.reason == "StorageImmutable"
    assert advice in claims.problem.message
    assert claims.problem.message.endswith("or make a new GoProxy with another name")
    assert subset(list(claims.templates), held["spec"]["volumeClaimTemplates"])


FIXED = {"standard": "the claims' StorageClass standard does not say allowVolumeExpansion: true"}


@pytest.mark.parametrize("held", [None, "1Gi", "2Gi"])
def test_caches_are_as_large_as_the_volumes_that_cannot_grow(held: str | None) -> None:
    there = (claim(0, "1Gi"), claim(1, "2Gi"), claim(2, "1Gi"), claim(3, "1Gi"), claim(4, "1Gi"))
    decided = decide({"size": "2Gi"}, stateful_set(held) if held else None, *there, cannot_grow=FIXED)
    assert (decided.size_bytes, decided.short) == (2**30, "1Gi")
    assert (size_of(decided.templates[0]), list(decided.grow), decided.resizing) == ("2Gi", [], None)
    assert decided.problem is not None
    assert decided.problem.reason == "StorageCannotGrow"
    assert decided.problem.message == (
        f"cache.storage.size 2Gi cannot be carried out: {FIXED['standard']}; cache-team-a-0 has 1Gi, "
        "cache-team-a-2 has 1Gi, cache-team-a-3 has 1Gi, and 1 more are like that, and the caches go on with 1Gi: "
        "let volumes expand, or write size 1Gi, or replace one replica after the other by an empty one of 2Gi: "
        "kubectl delete --wait=false pvc/cache-team-a-0 pod/team-a-0"
    )


@pytest.mark.parametrize("held", [None, "1Gi", "2Gi"])
def test_a_size_that_no_volume_has_may_be_taken_back(held: str | None) -> None:
    there = (claim(0, "1Gi"), claim(1, "1Gi"))
    decided = decide({"size": "1Gi"}, stateful_set(held) if held else None, *there, cannot_grow=FIXED)
    assert (decided.size_bytes, decided.short, decided.problem) == (2**30, None, None)
    assert size_of(decided.templates[0]) == "1Gi"


def test_volumes_that_are_larger_than_asked_for_are_not_filled() -> None:
    decided = decide({"size": "1Gi"}, None, claim(0, "2Gi"), claim(1, "4Gi"))
    assert (decided.size_bytes, decided.short, decided.problem) == (2**30, None, None)


def test_growth_that_the_driver_gave_up_may_be_taken_back() -> None:
    decided = decide({"size": "5Gi"}, stateful_set("9Gi"), claim(0, "9Gi", "5Gi"))
    assert (size_of(decided.templates[0]), decided.size_bytes, decided.resizing) == ("5Gi", 5 * 2**30, None)


def test_while_claims_grow_the_caches_hold_what_there_is() -> None:
    decided = decide({"size": "9Gi"}, stateful_set("9Gi"), claim(0, "9Gi"), claim(1, "9Gi", "5Gi"))
    assert (decided.size_bytes, decided.short) == (5 * 2**30, "5Gi")


def test_claims_of_a_class_that_can_grow_do_so_beside_others() -> None:
    other = claim(1, "1Gi")
    other["spec"]["storageClassName"] = "growing"
    decided = decide({"size": "2Gi"}, stateful_set("1Gi"), claim(0, "1Gi"), other, cannot_grow=FIXED | {"growing": ""})
    assert [sent["metadata"]["uid"] for sent in decided.grow] == ["u1"]
    assert decided.problem is not None


@pytest.mark.parametrize(
    ("waiting", "template", "told"),
    [
        (claim(0, "100Gi", phase="Pending"), {"size": "10Gi"}, "cannot be changed to 10Gi of the default class"),
        (claim(0, "10Gi", phase="Pending"), {"size": "10Gi"}, None),
        (claim(0, "1Gi", phase="Pending"), {"size": "10Gi"}, None),
        (
            claim(0, "10Gi", phase="Pending"),
            {"size": "10Gi", "storageClassName": "fast"},
            "cannot be changed to 10Gi of class fast",
        ),
    ],
)
def test_a_claim_that_waits_for_what_nobody_asks_for_is_told(
    waiting: Object, template: Object, told: str | None
) -> None:
    decided = decide(template, stateful_set("100Gi"), waiting)
    assert size_of(decided.templates[0]) == "10Gi"
    assert decided.size_bytes == 10 * 2**30
    if told is None:
        assert decided.problem is None
    else:
        assert decided.problem is not None
        assert decided.problem.reason == "StorageNotProvisioned"
        assert told in decided.problem.message
        assert decided.problem.message.endswith("kubectl delete --wait=false pvc/cache-team-a-0 pod/team-a-0")


def test_nothing_grows_by_itself_where_it_cannot_and_the_template_stays() -> None:
    decided = decide(GROW, stateful_set("5Gi"), claim(0, "5Gi"), cannot_grow=FIXED, stayed_full=True)
    assert (size_of(decided.templates[0]), list(decided.grow)) == ("5Gi", [])
    assert decided.problem is not None


def test_what_grew_by_itself_stays_without_grow_to() -> None:
    decided = decide({"size": "5Gi"}, stateful_set("8Gi"), claim(0, "8Gi"), claim(1, "8Gi"))
    assert (size_of(decided.templates[0]), decided.size_bytes) == ("8Gi", 8 * 2**30)


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
        ("9Gi", [claim(0, "5Gi", phase="Pending")], "9Gi", [], None),
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
def test_a_class_that_cannot_expand_leaves_claims_as_they_are(
    name: str, storage_class: Object | None, said: str
) -> None:
    why = storage_class_refusal(name, storage_class)
    assert why == said
    if why:
        decided = decide({"size": "9Gi"}, stateful_set("5Gi"), claim(0, "5Gi"), cannot_grow={"standard": why})
        assert (decided.size_bytes, list(decided.grow)) == (5 * 2**30, [])
        assert decided.problem is not None
        assert decided.problem.reason == "StorageCannotGrow"
        assert decided.problem.message.startswith(f"cache.storage.size 9Gi cannot be carried out: {why}; cache-team")


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
