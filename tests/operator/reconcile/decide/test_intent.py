"""What there should be of a fleet, and which questions have to be answered before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from goproxy_operator.desired.names import every_child
from goproxy_operator.kube.resources import Object
from goproxy_operator.reconcile.decide.claims import size_of
from goproxy_operator.reconcile.decide.difference import stamped
from goproxy_operator.reconcile.decide.intent import (
    Intent,
    IntentFacts,
    MissingChildren,
    Question,
    UngrownClaims,
    UnknownStorageClasses,
    intend,
)
from goproxy_operator.reconcile.decide.plan import ChildId, child_id
from tests.operator.objects import goproxy
from tests.operator.reconcile.decide.claim_objects import claim, stateful_set

SET: ChildId = ("StatefulSet", "team-a")
LARGER: dict[str, Any] = {"cache": {"storage": {"size": "9Gi"}}}


def children_of(**spec: Any) -> dict[ChildId, Object]:
    """All children that a fleet is to have, as if they were there."""
    made = intend(goproxy(**spec), IntentFacts(default_image="modproxy:1")).children
    return {child_id(manifest): stamped(manifest) for manifest in made}


def facts(live: Mapping[ChildId, Object], *sizes: str, **more: Any) -> IntentFacts:
    """What there is: children, and the claims of so many replicas."""
    claims = {ordinal: claim(ordinal, size) for ordinal, size in enumerate(sizes)}
    return IntentFacts("modproxy:1", live=live, claims=claims, pods=frozenset(claims), **more)


def kinds(intent: Intent) -> list[type[Question]]:
    return [type(question) for question in intent.questions]


ALL = children_of()
GROWING = {**ALL, SET: stateful_set("5Gi")}
CAN = {"standard": ""}
CANNOT = {"standard": "it does not"}

OPEN: list[tuple[str, dict[str, Any], IntentFacts, list[type[Question]]]] = [
    ("nothing is there", {}, facts({}), [MissingChildren]),
    ("nothing is there, which is known", {}, facts({}, looked_up=frozenset(ALL)), []),
    ("all is there", {}, facts(ALL), []),
    ("one is missing", {}, facts({at: item for at, item in ALL.items() if at != SET}), [MissingChildren]),
    ("suspended", {"suspend": True}, facts({}), []),
    ("larger claims", LARGER, facts(GROWING, "5Gi"), [UnknownStorageClasses]),
    (
        "larger claims of a missing child",
        LARGER,
        facts({SET: GROWING[SET]}, "5Gi"),
        [MissingChildren, UnknownStorageClasses],
    ),
    ("claims that can grow", LARGER, facts(GROWING, "5Gi", cannot_grow=CAN), [UngrownClaims]),
    ("claims that cannot", LARGER, facts(GROWING, "5Gi", cannot_grow=CANNOT), []),
    ("claims that were applied", LARGER, facts(GROWING, "5Gi", cannot_grow=CAN, growth_refusal=""), []),
    ("claims that have grown", LARGER, facts(GROWING, "9Gi"), []),
    ("suspended while claims grow", {**LARGER, "suspend": True}, facts(GROWING, "5Gi", cannot_grow=CAN), []),
]


@pytest.mark.parametrize(("spec", "known", "expected"), [row[1:] for row in OPEN], ids=[row[0] for row in OPEN])
def test_what_is_open(spec: dict[str, Any], known: IntentFacts, expected: list[type[Question]]) -> None:
    assert kinds(intend(goproxy(**spec), known)) == expected


def test_each_question_names_what_it_is_about() -> None:
    missing = intend(goproxy(), facts({SET: ALL[SET]})).questions
    assert missing == (MissingChildren(frozenset(ALL.keys() - {SET})),)
    assert frozenset(ALL) <= every_child("team-a")
    assert intend(goproxy(**LARGER), facts(GROWING, "5Gi")).questions == (
        UnknownStorageClasses(frozenset({"standard"})),
    )
    (question,) = intend(goproxy(**LARGER), facts(GROWING, "5Gi", "9Gi", cannot_grow=CAN)).questions
    assert isinstance(question, UngrownClaims)
    assert [(sent["metadata"]["uid"], size_of(sent)) for sent in question.manifests] == [("u0", "9Gi")]


def test_answers_close_questions_one_after_the_other() -> None:
    fleet, known = goproxy(**LARGER), facts({SET: GROWING[SET]}, "5Gi")
    asked = []
    while questions := intend(fleet, known).questions:
        asked.append(type(questions[0]))
        match questions[0]:
            case MissingChildren(ids):
                known = known.with_children(ids, {})
            case UnknownStorageClasses(names):
                known = known.with_storage_classes(dict.fromkeys(names, ""))
            case UngrownClaims():
                known = known.with_growth("")
    assert asked == [MissingChildren, UnknownStorageClasses, UngrownClaims]
    settled = intend(fleet, known)
    assert size_of(settled.claims.templates[0]) == "9Gi"
    assert settled.claims.resizing == "0 of 1 claims have grown to 9Gi"
    assert settled.claims.problem is None


def test_a_child_that_is_found_counts_in_the_next_decision() -> None:
    known = facts({}, "5Gi").with_children(ALL, {SET: stateful_set("5Gi", "fast")})
    decided = intend(goproxy(**LARGER), known)
    assert decided.claims.problem is not None
    assert decided.claims.problem.reason == "StorageImmutable"
    assert decided.questions == ()


def test_a_refusal_of_the_api_server_is_why_no_volume_can_grow() -> None:
    known = facts(GROWING, "5Gi", cannot_grow=CAN).with_growth("the quota is used up")
    decided = intend(goproxy(**LARGER), known)
    assert decided.questions == ()
    assert decided.claims.problem is not None
    assert decided.claims.problem.message.startswith(
        "cache.storage.size 9Gi cannot be carried out: the quota is used up"
    )
    assert decided.claims.size_bytes == 5 * 2**30, "what runs goes on"


def test_why_not_all_is_made_that_is_asked_for() -> None:
    spec: dict[str, Any] = {
        "autoscaling": {"maxReplicas": 4, "targetRequestsPerSecond": 100},
        "modules": {"allowlistConfigMapName": "shared"},
        "expose": {"gateway": {"parentRef": {"name": "edge"}, "host": "goproxy.example.com"}},
    }
    decided = intend(goproxy(**spec), facts({}, looked_up=frozenset(every_child("team-a"))))
    problems = (decided.config_problem, decided.autoscaling_problem, decided.missing_apis)
    assert [problem and problem.reason for problem in problems] == [
        "AllowlistMissing",
        "NoMetricsProvider",
        "APIMissing",
    ]
    assert SET in decided.ids
    assert ("HTTPRoute", "team-a") not in decided.ids


@pytest.mark.parametrize(
    ("managers", "hand_over"),
    [(["goproxy-operator"], True), (["goproxy-operator", "goproxy-operator-replicas"], False), ([], False)],
)
def test_when_the_number_of_replicas_is_handed_over(managers: list[str], hand_over: bool) -> None:
    spec = {"autoscaling": {"maxReplicas": 4, "targetRequestsPerSecond": 100, "provider": "Builtin"}}
    held = stateful_set("10Gi")
    held["metadata"]["managedFields"] = [
        {"manager": name, "fieldsV1": {"f:spec": {"f:replicas": {}}}} for name in managers
    ]
    assert intend(goproxy(**spec), facts({SET: held})).hand_over is hand_over
