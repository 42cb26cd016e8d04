"""When an Event is sent, and what it says."""

from __future__ import annotations

from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.status.events import Happening, event, happenings, once_more
from goproxy_operator.reconcile.status.status import (
    compute_status,
)
from tests.operator.objects import UID
from tests.operator.reconcile.status.status_facts import LATER, NOW, facts

NAME_TAKEN = Problem("NameConflict", "Service team-a exists")


def test_a_warning_is_given_once() -> None:
    item = {"metadata": {"name": "team-a", "namespace": "build", "uid": UID}}
    stalled = compute_status(facts(stalled=NAME_TAKEN), {}, NOW)
    assert happenings(stalled, {}) == [("Warning", "NameConflict", "Service team-a exists")]
    assert happenings(stalled, stalled) == []
    assert happenings(compute_status(facts(config_hash="c2"), {}, NOW), {}) == []
    made = event(item, Happening("Warning", "NameConflict", "x" * 2000), "me", NOW)
    assert made["regarding"]["uid"] == UID
    assert len(made["note"]) == 1024
    again = once_more(once_more(made, NOW), LATER)
    assert again["series"] == {"count": 3, "lastObservedTime": "2026-03-04T06:00:00.000000Z"}
    assert again["eventTime"] == made["eventTime"]
