"""What the status says, and when it is worth a write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from goproxy_operator.reconcile.allowlist import decide_allowlist
from goproxy_operator.reconcile.events import Happening, event, happenings, once_more
from goproxy_operator.reconcile.facts import Facts, Replica
from goproxy_operator.reconcile.problem import Problem
from goproxy_operator.reconcile.status import (
    News,
    compute_status,
    manifest,
    news,
    not_asked_yet,
    stalled_status,
    two_digits,
)
from modproxy.contract.report import ConfigState, Report, StorageState, Window
from tests.operator.objects import UID, goproxy

Object = dict[str, Any]
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
LATER = datetime(2026, 3, 4, 6, 0, 0, tzinfo=UTC)
GI = 2**30


def report(
    *,
    hits: int = 97,
    requests: int = 100,
    rate: float = 206.0,
    used: int = 31,
    config: str = "c1",
    pressure: str | None = None,
) -> Report:
    return Report(
        version="1",
        ready=True,
        uptime_seconds=60,
        config=ConfigState(hash=config, generation=1),
        storage=StorageState(used_bytes=used * GI, capacity_bytes=50 * GI, objects=9, disk_pressure=pressure),
        window=Window(seconds=60, hits=hits, requests=requests, requests_per_second=rate),
        requests={},
    )


def stateful_set(*, wanted: int = 2, seen: bool = True, **status: int) -> Object:
    counts = {"replicas": 2, "readyReplicas": 2, "updatedReplicas": 2} | status
    return {
        "metadata": {"generation": 4},
        "spec": {"replicas": wanted},
        "status": {"observedGeneration": 4 if seen else 3, **counts},
    }


def facts(**changed: Any) -> Facts:
    given: Object = {
        "goproxy": goproxy(),
        "stateful_set": stateful_set(),
        "autoscaler": None,
        "replicas": [Replica("team-a-0", True, report()), Replica("team-a-1", True, report(hits=100, used=5))],
        "config_hash": "c1",
    }
    return Facts(**(given | changed))


def conditions(status: Object) -> dict[str, tuple[str, str, str]]:
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in status["conditions"]}


def test_a_fleet_that_serves() -> None:
    assert compute_status(facts(), {}, NOW) == {
        "observedGeneration": 3,
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
    status = compute_status(facts(replicas=[Replica("team-a-0", False)]), {}, NOW)
    assert not {"hitRatePercent", "requestsPerSecond", "storage"} & status.keys()
    assert status["replicaStatus"] == [{"name": "team-a-0", "ready": False}]
    assert conditions(status)["ConfigSynced"] == ("Unknown", "NoReports", "no replica has reported yet")


def test_after_a_restart_what_was_reported_before_stays_until_replicas_are_asked() -> None:
    reported = compute_status(facts(), {}, NOW)
    pods = [Replica("team-a-0", True), Replica("team-a-1", True)]
    fresh = not_asked_yet(compute_status(facts(replicas=pods), reported, LATER), reported)
    assert news(fresh, reported) is News.NONE

    ill = compute_status(facts(replicas=[Replica("team-a-0", True, report(pressure="9 MiB free"))]), {}, NOW)
    again = not_asked_yet(compute_status(facts(replicas=[Replica("team-a-0", True)]), ill, LATER), ill)
    assert news(again, ill) is News.NONE

    older = [{**condition, "observedGeneration": 2} for condition in reported["conditions"]]
    edited = not_asked_yet(compute_status(facts(replicas=pods), {}, LATER), {**reported, "conditions": older})
    assert conditions(edited)["ConfigSynced"][1] == "NoReports"


NAME_TAKEN = Problem("NameConflict", "Service team-a exists")


@pytest.mark.parametrize(
    ("changed", "ready", "reconciling", "stalled"),
    [
        ({}, ("True", "Serving"), None, None),
        ({"stateful_set": None}, ("False", "Applying"), "Applying", None),
        ({"stateful_set": stateful_set(seen=False)}, ("False", "Applying"), "Applying", None),
        ({"stateful_set": stateful_set(readyReplicas=0)}, ("False", "NoReplicaReady"), "ReplicasNotReady", None),
        ({"stateful_set": stateful_set(readyReplicas=1)}, ("True", "Serving"), "ReplicasNotReady", None),
        ({"stateful_set": stateful_set(updatedReplicas=1)}, ("True", "Serving"), "RollingOut", None),
        ({"stateful_set": stateful_set(wanted=1)}, ("True", "Serving"), "ScalingIn", None),
        (
            {"stateful_set": stateful_set(wanted=0, replicas=0, readyReplicas=0)},
            ("False", "ScaledToZero"),
            None,
            None,
        ),
        ({"stalled": NAME_TAKEN}, ("False", "NameConflict"), None, "NameConflict"),
        (
            {"stalled": NAME_TAKEN, "stateful_set": stateful_set(readyReplicas=1)},
            ("False", "NameConflict"),
            None,
            "NameConflict",
        ),
    ],
)
def test_conditions_follow_kstatus(
    changed: Object, ready: tuple[str, str], reconciling: str | None, stalled: str | None
) -> None:
    said = conditions(compute_status(facts(**changed), {}, NOW))
    assert said["Ready"][:2] == ready
    assert said.get("Reconciling", (None, None))[1] == reconciling
    assert said.get("Stalled", (None, None))[1] == stalled


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"config_hash": "c2"}, ("False", "Spreading", "0 of 2 replicas run the config in force")),
        (
            {"replicas": [Replica("team-a-0", True, report()), Replica("team-a-1", True)]},
            ("False", "Spreading", "1 of 2 replicas run the config in force"),
        ),
        ({"config_problem": Problem("AllowlistMissing", "where is it")}, ("False", "AllowlistMissing", "where is it")),
        (
            {
                "replicas": [
                    Replica(
                        "team-a-0",
                        True,
                        report().model_copy(update={"config": ConfigState(hash="c1", generation=1, error="bad key")}),
                    )
                ]
            },
            ("False", "ConfigRefused", "team-a-0: bad key"),
        ),
    ],
)
def test_whether_the_config_in_force_is_everywhere(changed: Object, expected: tuple[str, str, str]) -> None:
    assert conditions(compute_status(facts(**changed), {}, NOW))["ConfigSynced"] == expected


def test_the_autoscaler_speaks_for_itself() -> None:
    fleet = goproxy(autoscaling={"maxReplicas": 3, "targetRequestsPerSecond": 400})
    said = {"type": "ScalingActive", "status": "False", "reason": "FailedGetExternalMetric", "message": "no server"}
    autoscaler = {"status": {"conditions": [{"type": "AbleToScale", "status": "True"}, said]}}
    status = compute_status(facts(goproxy=fleet, autoscaler=autoscaler), {}, NOW)
    assert conditions(status)["AutoscalingActive"] == ("False", "FailedGetExternalMetric", "no server")
    status = compute_status(facts(goproxy=fleet), {}, NOW)
    assert conditions(status)["AutoscalingActive"][:2] == ("Unknown", "NotReported")
    assert "AutoscalingActive" not in conditions(compute_status(facts(autoscaler=autoscaler), {}, NOW))


def test_keda_speaks_for_its_autoscaler() -> None:
    fleet = goproxy(autoscaling={"maxReplicas": 3, "targetRequestsPerSecond": 400})
    said = {"type": "Ready", "status": "True", "reason": "ScaledObjectReady", "message": "is defined correctly"}
    scaled = {"kind": "ScaledObject", "status": {"conditions": [{"type": "Active", "status": "False"}, said]}}
    status = compute_status(facts(goproxy=fleet, autoscaler=scaled), {}, NOW)
    assert conditions(status)["AutoscalingActive"] == ("True", "ScaledObjectReady", "is defined correctly")


def test_why_no_figures_come_is_told_before_what_the_autoscaler_says() -> None:
    fleet = goproxy(autoscaling={"maxReplicas": 3, "targetRequestsPerSecond": 400})
    problem = Problem("NoMetricsProvider", "install one")
    status = compute_status(facts(goproxy=fleet, autoscaling_problem=problem), {}, NOW)
    assert conditions(status)["AutoscalingActive"] == ("False", "NoMetricsProvider", "install one")
    assert conditions(status)["Ready"][0] == "True"


def test_disk_pressure_is_told_while_it_lasts_and_names_the_replicas() -> None:
    def pressed(*texts: str | None) -> Facts:
        replicas = [Replica(f"team-a-{i}", True, report(pressure=text)) for i, text in enumerate(texts)]
        return facts(replicas=[*replicas, Replica("team-a-9", False)])

    well = compute_status(pressed(None, None), {}, NOW)
    assert "DiskPressure" not in conditions(well)
    ill = compute_status(pressed("9 MiB free", None), well, LATER)
    assert conditions(ill)["DiskPressure"] == ("True", "CacheDiskFull", "team-a-0: 9 MiB free")
    assert conditions(ill)["Ready"][0] == "True"
    assert news(ill, well) is news(well, ill) is News.STATEMENT
    assert happenings(ill, well) == [("Warning", "CacheDiskFull", "team-a-0: 9 MiB free")]
    more = compute_status(pressed("8 MiB free", "7 MiB free"), ill, LATER)
    assert conditions(more)["DiskPressure"][2] == "team-a-0: 8 MiB free; team-a-1: 7 MiB free"
    assert news(more, ill) is News.FIGURES
    assert happenings(more, ill) == []


def test_a_condition_keeps_its_time_until_it_turns() -> None:
    first = compute_status(facts(), {}, NOW)
    assert compute_status(facts(), first, LATER) == first
    turned = compute_status(facts(stateful_set=stateful_set(readyReplicas=0)), first, LATER)
    times = {c["type"]: c["lastTransitionTime"] for c in turned["conditions"]}
    assert times["Ready"] == "2026-03-04T06:00:00Z"
    assert times["ConfigSynced"] == "2026-03-04T05:06:07Z"


def test_what_is_news() -> None:
    written = compute_status(facts(), {}, NOW)

    def now(**changed: Any) -> News:
        return news(compute_status(facts(**changed), written, LATER), written)

    assert now() is News.NONE
    one = Replica("team-a-1", True, report(hits=100, used=5))
    assert now(replicas=[Replica("team-a-0", True, report(hits=50)), one]) is News.FIGURES
    assert now(replicas=[Replica("team-a-0", True, report(used=40)), one]) is News.FIGURES
    assert now(replicas=[Replica("team-a-0", True, report(rate=206.4)), one]) is News.NONE
    assert now(replicas=[Replica("team-a-0", False, report()), one]) is News.STATEMENT
    assert now(replicas=[Replica("team-a-0", True), one]) is News.STATEMENT
    assert now(stateful_set=stateful_set(readyReplicas=1)) is News.STATEMENT
    assert now(goproxy=goproxy(expose={"pathPrefix": "/go"})) is News.STATEMENT
    assert news(written, {}) is News.STATEMENT


def test_conditions_of_others_are_neither_read_nor_written() -> None:
    written = compute_status(facts(), {}, NOW)
    others = {**written, "conditions": [{"type": "Approved", "status": "True"}, *written["conditions"]]}
    assert news(compute_status(facts(), others, LATER), others) is News.NONE


def test_an_object_that_cannot_be_read_keeps_what_was_known() -> None:
    written = compute_status(facts(), {}, NOW)
    status = stalled_status("InvalidSpec", "spec.replicas: no", 4, written, LATER)
    assert status["replicas"] == 2
    assert status["observedGeneration"] == 4
    assert conditions(status)["Stalled"] == ("True", "InvalidSpec", "spec.replicas: no")
    assert conditions(status)["Ready"][0] == "False"


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


USER_MAP = {"data": {"modules": "github.com/acme\n# more\n"}}
CHILD = {
    "metadata": {"annotations": {"goproxy-operator.dev/allowlist-from": "shared"}},
    "data": {"allowlist": "github.com/old\n"},
}


@pytest.mark.parametrize(
    ("named", "child", "text", "reason", "message"),
    [
        (USER_MAP, CHILD, "github.com/acme\n# more\n", None, ""),
        ({"data": {"modules": ""}}, CHILD, "", None, ""),
        (None, None, "", "AllowlistMissing", "ConfigMap shared does not exist: until it is there, only modules.allow"),
        (None, CHILD, "github.com/old\n", "AllowlistMissing", "does not exist: the last known list stays in force"),
        ({"data": {"other": ""}}, CHILD, "github.com/old\n", "AllowlistMissing", "has no key 'modules'"),
        ({}, CHILD, "github.com/old\n", "AllowlistMissing", "has no key 'modules'"),
        (
            {"data": {"modules": "ok.example.com\nhttps://no.example.com\n"}},
            CHILD,
            "github.com/old\n",
            "AllowlistInvalid",
            "ConfigMap shared, key 'modules', line 2: 'https://no.example.com' is a URL",
        ),
    ],
)
def test_which_allowlist_is_in_force(
    named: Object | None, child: Object | None, text: str, reason: str | None, message: str
) -> None:
    allowlist = decide_allowlist("shared", named, child)
    assert allowlist.text == text
    assert (allowlist.problem and allowlist.problem.reason) == reason
    assert message in (allowlist.problem.message if allowlist.problem else "")


def test_the_list_of_another_config_map_is_no_last_known_one() -> None:
    assert decide_allowlist("another", None, CHILD).text == ""
