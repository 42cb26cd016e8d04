"""What goes as it should is told once: read off two statuses."""

from __future__ import annotations

from typing import Any

from goproxy_operator.api.status import UNSEEN
from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.trouble import Trouble
from goproxy_operator.reconcile.status.milestones import milestones
from goproxy_operator.reconcile.status.status import compute_status
from tests.operator.reconcile.status.status_facts import NOW, facts, stateful_set

Object = dict[str, Any]
CONFLICT = Problem("NameConflict", "Service team-a exists")


def told(*course: Object) -> list[str]:
    """All that is told in the course of these facts, of a new object at first."""
    previous: Object = dict(UNSEEN)
    said = []
    for changed in course:
        status = compute_status(facts(**changed), previous, NOW)
        said += [f"{one.reason}: {one.message}" for one in milestones(status, previous)]
        previous = status
    return said


NEW = {"stateful_set": stateful_set(replicas=0, readyReplicas=0, updatedReplicas=0, seen=False)}
STARTING = {"stateful_set": stateful_set(replicas=2, readyReplicas=1)}
WHOLE: Object = {"stateful_set": stateful_set()}
CREATED = "Created: the fleet's children are made; replicas asked for: 2"
MORE = {"stateful_set": stateful_set(wanted=4)}
ROLLED = "RolledOut: all 2 replicas run what is asked for"


def rolling(**more: Any) -> Object:
    return {"stateful_set": stateful_set(updatedReplicas=1), **more}


def test_a_fleet_is_created_once() -> None:
    assert told(NEW, STARTING, WHOLE, WHOLE) == [CREATED]
    assert told({"stateful_set": None, "replicas": []}, NEW, WHOLE) == [CREATED]
    assert told({"stateful_set": None, "replicas": [], "stalled": CONFLICT}, NEW) == [CREATED]
    assert told({**NEW, "stalled": CONFLICT}, NEW, WHOLE) == [CREATED]
    assert told(WHOLE, {**WHOLE, "stalled": CONFLICT}, WHOLE) == [CREATED]
    assert told({"stateful_set": None, "suspended": True}, {"stateful_set": None, "suspended": True}) == []


def test_an_older_operators_status_tells_that_a_fleet_was_made() -> None:
    status = compute_status(facts(), {}, NOW)
    older = {key: value for key, value in status.items() if key != "ready"}
    assert milestones(status, older) == []


def test_scaling_is_told_when_it_is_asked_for() -> None:
    assert told(WHOLE, MORE, MORE, WHOLE)[1:] == ["Scaled: from 2 to 4 replicas", "Scaled: from 4 to 2 replicas"]
    assert told(WHOLE, STARTING, WHOLE)[1:] == []
    adopted = {"stateful_set": None, "resizing": "1 of 2 claims have grown to 20Gi"}
    assert told(WHOLE, adopted, {**WHOLE, "resizing": adopted["resizing"]})[1:] == []


def test_claims_that_have_grown_while_the_stateful_set_is_made_anew_are_told() -> None:
    growing = {**WHOLE, "resizing": "1 of 2 claims have grown to 20Gi"}
    assert told(WHOLE, growing, {"stateful_set": None}, WHOLE)[1:] == ["Grown: the claims have grown to 20Gi"]


def test_a_roll_out_is_told_when_it_is_over() -> None:
    trouble = Trouble("ImagePullBackOff", "team-a-1: no")
    assert told(WHOLE, rolling(), rolling(), WHOLE)[1:] == [ROLLED]
    assert told(WHOLE, rolling(), rolling(trouble=trouble), WHOLE)[1:] == [ROLLED]
    assert told(WHOLE, rolling(), rolling(suspended=True))[1:] == []


def test_growth_is_told_when_it_is_over() -> None:
    growing = {"resizing": "0 of 2 claims have grown to 20Gi"}
    assert told(WHOLE, growing, WHOLE)[1:] == ["Grown: the claims have grown to 20Gi"]
    assert told(WHOLE, growing, {"suspended": True})[1:] == []
    assert told(WHOLE, growing, {"stalled": CONFLICT})[1:] == []
