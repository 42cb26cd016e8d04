"""When an Event is sent, and what it says."""

from __future__ import annotations

from typing import Any

from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.trouble import Trouble
from goproxy_operator.reconcile.status.events import (
    PATIENCE,
    Happening,
    event,
    happenings,
    lasting,
    once_more,
    warnings,
)
from goproxy_operator.reconcile.status.status import (
    compute_status,
)
from tests.operator.objects import UID
from tests.operator.reconcile.status.status_facts import LATER, NOW, facts, stateful_set

Object = dict[str, Any]
NAME_TAKEN = Problem("NameConflict", "Service team-a exists")


def test_a_warning_is_given_once() -> None:
    item = {"metadata": {"name": "team-a", "namespace": "build", "uid": UID}}
    stalled = compute_status(facts(stalled=NAME_TAKEN), {}, NOW)
    assert happenings(stalled, {}) == [("Warning", "NameConflict", "Service team-a exists")]
    assert happenings(stalled, stalled) == []
    serving = compute_status(facts(), {}, NOW)
    assert happenings(compute_status(facts(config_hash="c2"), serving, NOW), serving) == []
    made = event(item, Happening("Warning", "NameConflict", "x" * 2000), "me", NOW)
    assert made["regarding"]["uid"] == UID
    assert len(made["note"]) == 1024
    again = once_more(once_more(made, NOW), LATER)
    assert again["series"] == {"count": 3, "lastObservedTime": "2026-03-04T06:00:00.000000Z"}
    assert again["eventTime"] == made["eventTime"]


def test_trouble_warns_once_however_its_words_go_on() -> None:
    def fallen(reason: str, message: str, before: Object) -> Object:
        down = stateful_set(readyReplicas=1)
        return compute_status(facts(stateful_set=down, trouble=Trouble(reason, message)), before, NOW)

    serving = compute_status(facts(), {}, NOW)
    begun = compute_status(facts(stateful_set=stateful_set(readyReplicas=1)), serving, NOW)
    assert happenings(begun, serving) == [], "a replica that is not ready for a moment"
    ill = fallen("ImagePullBackOff", "team-a-1: no", begun)
    assert happenings(ill, begun) == [
        ("Warning", "ImagePullBackOff", "1 of 2 replicas are ready; team-a-1: no"),
    ]
    assert happenings(ill, ill) == []
    more = fallen("ImagePullBackOff", "team-a-0, team-a-1: no", ill)
    assert happenings(more, ill) == []
    assert [one.reason for one in happenings(fallen("OOMKilled", "team-a-1: no", more), more)] == ["OOMKilled"]
    assert [one.reason for one in warnings(ill)] == ["ImagePullBackOff"]


def test_what_may_pass_within_a_moment_is_told_when_it_has_lasted() -> None:
    serving = compute_status(facts(), {}, NOW)
    missing = compute_status(facts(config_problem=Problem("AllowlistMissing", "where is it")), serving, NOW)
    assert happenings(missing, serving) == []
    due, new, happening = lasting(missing, serving, NOW)[0]
    assert (due, new, happening) == (NOW + PATIENCE, True, ("Warning", "AllowlistMissing", "where is it"))
    assert [one.new for one in lasting(missing, missing, LATER)] == [False]
    assert lasting(compute_status(facts(config_hash="c2"), serving, NOW), serving, NOW) == []
    assert warnings(missing) == [happening]
