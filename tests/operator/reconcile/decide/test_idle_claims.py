"""Claims that no replica uses: marked, kept, and deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goproxy_operator.desired.names import IDLE_SINCE_ANNOTATION
from goproxy_operator.reconcile.decide.idle_claims import IDLE_MANAGER, decide_idle
from tests.operator.reconcile.decide.claim_objects import claim, stateful_set

Object = dict[str, Any]


NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def idle(ordinal: int, since: str | None, *owners: str) -> Object:
    """A claim with the annotation, which is the operator's own where no other owners are given."""
    made = claim(ordinal, "5Gi")
    made["metadata"]["annotations"] = {IDLE_SINCE_ANNOTATION: since} if since else {}
    fields: Object = {"f:metadata": {"f:annotations": {f"f:{IDLE_SINCE_ANNOTATION}": {}}}}
    made["metadata"]["managedFields"] = [
        {"manager": owner, "fieldsV1": fields} for owner in (owners or (IDLE_MANAGER,) if since else ())
    ]
    return made


DAY = 24 * 3600.0


def test_a_claim_that_nobody_uses_is_marked_kept_and_reaped() -> None:
    claims = {
        0: idle(0, None),
        1: idle(1, "2026-03-01T00:00:00Z"),
        2: idle(2, None),
        3: idle(3, "2026-03-03T05:06:07Z"),
        4: idle(4, "2026-02-01T00:00:00Z"),
        5: idle(5, "2026-02-01T00:00:00Z"),
        6: idle(6, "nonsense"),
    }
    decided = decide_idle(claims, stateful_set("5Gi"), {5}, NOW, 2 * DAY)
    marks = {sent["metadata"]["name"][-1]: sent["metadata"].get("annotations") for sent in decided.marks}
    now = {"goproxy-operator.dev/idle-since": "2026-03-04T05:06:07Z"}
    assert marks == {"1": None, "2": now, "5": None, "6": now}
    assert [item["metadata"]["uid"] for item in decided.reap] == ["u4"]
    assert decided.again == DAY


def test_the_mark_of_somebody_else_says_nothing() -> None:
    claims = {
        0: idle(0, "2026-02-01T00:00:00Z", "kubectl-annotate"),
        1: idle(1, "2026-02-01T00:00:00Z", "kubectl-annotate", IDLE_MANAGER),
        2: idle(2, "2026-02-01T00:00:00Z", "kubectl-annotate"),
    }
    decided = decide_idle(claims, stateful_set("5Gi"), (), NOW, DAY)
    marks = {sent["metadata"]["name"][-1]: sent["metadata"].get("annotations") for sent in decided.marks}
    assert marks == {"1": None, "2": {IDLE_SINCE_ANNOTATION: "2026-03-04T05:06:07Z"}}
    assert decided.reap == ()
    # Once the operator has given up its own mark, what remains is somebody else's.
    claims[1] = idle(1, "2026-02-01T00:00:00Z", "kubectl-annotate")
    claims[2] = idle(2, "2026-03-04T05:06:07Z", IDLE_MANAGER)
    assert decide_idle(claims, stateful_set("5Gi"), (), NOW, DAY).marks == ()


@pytest.mark.parametrize(
    "held",
    [None, {"metadata": {"deletionTimestamp": "x"}, "spec": {}}, stateful_set("5Gi") | {"status": {"replicas": 9}}],
)
def test_nothing_is_idle_while_the_number_of_replicas_is_not_known_or_not_reached(held: Object | None) -> None:
    decided = decide_idle({4: idle(4, "2026-02-01T00:00:00Z")}, held, (), NOW + timedelta(days=99), DAY)
    assert decided.reap == ()
