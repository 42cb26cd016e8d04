"""Who says how many replicas there are."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.reconcile.decide.replicas import Replicas, decide_replicas, interim_manifest
from tests.operator.objects import goproxy

Object = dict[str, Any]


AUTOSCALING = {"minReplicas": 3, "maxReplicas": 9, "targetRequestsPerSecond": 400}


def _set(owners: list[str], replicas: int = 5) -> Object:
    owned: Object = {"f:spec": {"f:replicas": {}}}
    fields = [{"manager": owner, "fieldsV1": owned} for owner in owners]
    return {
        "metadata": {"name": "team-a", "namespace": "build", "uid": "u", "managedFields": fields},
        "spec": {"replicas": replicas},
    }


@pytest.mark.parametrize(
    ("spec", "live_set", "replicas"),
    [
        ({}, None, Replicas(2)),
        ({"replicas": 0}, None, Replicas(0)),
        ({"replicas": 4}, _set(["kube-controller-manager"]), Replicas(4)),
        ({"autoscaling": AUTOSCALING}, None, Replicas(3)),
        ({"autoscaling": AUTOSCALING}, _set(["goproxy-operator"]), Replicas(None, hand_over=True)),
        ({"autoscaling": AUTOSCALING}, _set(["goproxy-operator", "goproxy-operator-replicas"]), Replicas(None)),
        ({"autoscaling": AUTOSCALING}, _set(["goproxy-operator-replicas"]), Replicas(None)),
        ({"autoscaling": AUTOSCALING}, _set(["kube-controller-manager"]), Replicas(None)),
        ({"autoscaling": AUTOSCALING}, _set([]), Replicas(None)),
    ],
)
def test_who_says_how_many_replicas(spec: Object, live_set: Object | None, replicas: Replicas) -> None:
    assert decide_replicas(goproxy(**spec), live_set) == replicas


@pytest.mark.parametrize(("running", "sent"), [(0, 3), (2, 3), (7, 7), (10**19, 9)])
def test_a_stateful_set_that_is_gone_comes_back_with_the_replicas_that_run(running: int, sent: int) -> None:
    assert decide_replicas(goproxy(autoscaling=AUTOSCALING), None, running) == Replicas(sent)


@pytest.mark.parametrize(
    ("there", "replicas"),
    [
        (5, Replicas(None, hand_over=True)),
        (3, Replicas(None, hand_over=True)),
        (1, Replicas(3)),
        (12, Replicas(9)),
    ],
)
def test_where_nobody_keeps_to_the_range_the_number_stays_within(there: int, replicas: Replicas) -> None:
    live_set = _set(["goproxy-operator"], there)
    assert decide_replicas(goproxy(autoscaling=AUTOSCALING), live_set, autoscaled=False) == replicas


def test_the_second_manager_applies_the_number_there_is() -> None:
    assert interim_manifest(_set([], 7))["spec"] == {"replicas": 7}
