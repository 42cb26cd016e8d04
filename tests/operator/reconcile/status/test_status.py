"""What the status says, and when it is worth a write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.reported import two_digits
from goproxy_operator.reconcile.status.status import (
    News,
    compute_status,
    manifest,
    news,
    not_scraped_yet,
    refused_status,
    stalled_status,
)
from tests.operator.objects import UID, goproxy
from tests.operator.reconcile.status.status_facts import LATER, NOW, conditions, facts, report, stateful_set

Object = dict[str, Any]


def test_a_fleet_that_serves() -> None:
    assert compute_status(facts(), {}, NOW) == {
        "observedGeneration": 3,
        "ready": "2/2",
        "replicas": 2,
        "readyReplicas": 2,
        "selector": "goproxy-operator.dev/fleet=team-a",
        "endpoint": "http://team-a.build.svc:8080",
        "hitRatePercent": 98,
        "requestsPerSecond": 410,
        "storage": {"used": "31Gi", "capacity": "50Gi", "percent": 62},
        "replicaStatus": [
            {
                "name": "team-a-0",
                "ready": True,
                "hitRatePercent": 97,
                "used": "31Gi",
                "capacity": "50Gi",
                "config": "c1",
            },
            {
                "name": "team-a-1",
                "ready": True,
                "hitRatePercent": 100,
                "used": "5Gi",
                "capacity": "50Gi",
                "config": "c1",
            },
        ],
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Serving",
                "message": "2 of 2 replicas are ready",
                "observedGeneration": 3,
                "lastTransitionTime": "2026-03-04T05:06:07Z",
            },
            {
                "type": "ConfigSynced",
                "status": "True",
                "reason": "InForce",
                "message": "2 of 2 replicas run the config in force",
                "observedGeneration": 3,
                "lastTransitionTime": "2026-03-04T05:06:07Z",
            },
        ],
    }


def test_figures_are_absent_before_the_first_report() -> None:
    status = compute_status(facts(replicas=[ReplicaFacts("team-a-0", False)]), {}, NOW)
    assert not {"hitRatePercent", "requestsPerSecond", "storage"} & status.keys()
    assert status["replicaStatus"] == [{"name": "team-a-0", "ready": False}]
    assert conditions(status)["ConfigSynced"] == ("Unknown", "NoReports", "no replica has reported yet")


def test_after_a_restart_what_was_reported_before_stays_until_replicas_are_asked() -> None:
    reported = compute_status(facts(), {}, NOW)
    pods = [ReplicaFacts("team-a-0", True), ReplicaFacts("team-a-1", True)]
    fresh = not_scraped_yet(compute_status(facts(replicas=pods), reported, LATER), reported)
    assert news(fresh, reported) is News.NONE

    ill = compute_status(facts(replicas=[ReplicaFacts("team-a-0", True, report(pressure="9 MiB free"))]), {}, NOW)
    again = not_scraped_yet(compute_status(facts(replicas=[ReplicaFacts("team-a-0", True)]), ill, LATER), ill)
    assert news(again, ill) is News.NONE

    older = [{**condition, "observedGeneration": 2} for condition in reported["conditions"]]
    edited = not_scraped_yet(compute_status(facts(replicas=pods), {}, LATER), {**reported, "conditions": older})
    assert conditions(edited)["ConfigSynced"][1] == "NoReports"


def test_what_is_news() -> None:
    written = compute_status(facts(), {}, NOW)

    def now(**changed: Any) -> News:
        return news(compute_status(facts(**changed), written, LATER), written)

    assert now() is News.NONE
    one = ReplicaFacts("team-a-1", True, report(hits=100, used=5))
    assert now(replicas=[ReplicaFacts("team-a-0", True, report(hits=50)), one]) is News.FIGURES
    assert now(replicas=[ReplicaFacts("team-a-0", True, report(used=40)), one]) is News.FIGURES
    assert now(replicas=[ReplicaFacts("team-a-0", True, report(rate=206.4)), one]) is News.NONE
    assert now(replicas=[ReplicaFacts("team-a-0", False, report()), one]) is News.STATEMENT
    assert now(replicas=[ReplicaFacts("team-a-0", True), one]) is News.STATEMENT
    assert now(stateful_set=stateful_set(readyReplicas=1)) is News.STATEMENT
    assert now(goproxy=goproxy(expose={"pathPrefix": "/go"})) is News.STATEMENT
    assert news(written, {}) is News.STATEMENT


def test_conditions_of_others_are_neither_read_nor_written() -> None:
    written = compute_status(facts(), {}, NOW)
    others = {**written, "conditions": [{"type": "Approved", "status": "True"}, *written["conditions"]]}
    assert news(compute_status(facts(), others, LATER), others) is News.NONE


def test_an_object_that_cannot_be_read_keeps_what_was_known() -> None:
    written = compute_status(facts(), {}, NOW)
    status = stalled_status(Problem("InvalidSpec", "spec.replicas: no"), 4, written, LATER)
    assert status["replicas"] == 2
    assert status["observedGeneration"] == 4
    assert conditions(status)["Stalled"] == ("True", "InvalidSpec", "spec.replicas: no")
    assert conditions(status)["Ready"][0] == "True"


def test_an_address_that_depends_on_what_is_not_known_stays() -> None:
    written = compute_status(facts(), {}, NOW) | {"endpoint": "https://old:8443", "inForce": {"generation": 2}}
    stalled = facts(stalled=Problem("InvalidSpec", "no"), refused=True)
    assert refused_status(stalled, written, LATER)["endpoint"] == "https://old:8443"
    assert refused_status(replace(stalled, repaired=True), written, LATER)["endpoint"].startswith("http://team-a")


def test_the_status_is_applied_to_the_very_object() -> None:
    item = {"metadata": {"name": "team-a", "namespace": "build", "uid": UID, "resourceVersion": "9"}, "spec": {}}
    sent = manifest(item, {"replicas": 1})
    assert sent["metadata"] == {"name": "team-a", "namespace": "build", "uid": UID}
    assert "spec" not in sent


@pytest.mark.parametrize(
    ("value", "shown"), [(0, 0), (0.4, 0), (9.6, 10), (42, 42), (99.6, 100), (412, 410), (12345.0, 12000)]
)
def test_a_rate_has_two_digits(value: float, shown: int) -> None:
    assert two_digits(value) == shown
