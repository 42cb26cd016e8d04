"""What the conditions say."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.reconcile.decide.in_force import GenerationInForce
from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.decide.trouble import Trouble
from goproxy_operator.reconcile.status.events import happenings
from goproxy_operator.reconcile.status.facts import StatusFacts
from goproxy_operator.reconcile.status.status import (
    News,
    compute_status,
    news,
)
from modproxy.contract.report import ConfigState
from tests.operator.objects import goproxy
from tests.operator.reconcile.status.status_facts import LATER, NOW, conditions, facts, report, stateful_set

Object = dict[str, Any]


NAME_TAKEN = Problem("NameConflict", "Service team-a exists")


@pytest.mark.parametrize(
    ("changed", "ready", "reconciling", "stalled"),
    [
        ({}, ("True", "Serving"), None, None),
        ({"stateful_set": None, "replicas": []}, ("False", "Applying"), "Applying", None),
        # It is made anew around pods that serve.
        ({"stateful_set": None}, ("True", "Serving"), None, None),
        ({"stateful_set": {"metadata": {"generation": 1}, "spec": {"replicas": 2}}}, ("True", "Serving"), None, None),
        ({"stateful_set": stateful_set(seen=False)}, ("True", "Applying"), "Applying", None),
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
        ({"stalled": NAME_TAKEN}, ("True", "NameConflict"), None, "NameConflict"),
        (
            {"stalled": NAME_TAKEN, "stateful_set": stateful_set(readyReplicas=1)},
            ("True", "NameConflict"),
            None,
            "NameConflict",
        ),
        (
            {"stalled": NAME_TAKEN, "stateful_set": stateful_set(readyReplicas=0)},
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


LIMIT = Problem("ClassLimitExceeded", "spec.replicas 9 is more than")
SERVES = "2 of 2 replicas are ready; "


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"stalled": NAME_TAKEN}, SERVES + "generation 3 is not carried out in full: see Stalled"),
        (
            {"stalled": LIMIT, "refused": True, "in_force": GenerationInForce(2, {}), "repaired": True},
            SERVES + "generation 3 is not carried out, generation 2 is in force: see Stalled",
        ),
        (
            {"stalled": LIMIT, "refused": True, "in_force": GenerationInForce(3, {}), "repaired": True},
            SERVES + "generation 3 stays in force, though it is refused by now: see Stalled",
        ),
        (
            {"stalled": LIMIT, "refused": True, "in_force": GenerationInForce(2)},
            SERVES + "generation 3 is not carried out, generation 2 is in force, and is left as it is, because the "
            "operator does not know its spec: see Stalled",
        ),
        (
            {"stalled": LIMIT, "refused": True, "stateful_set": None, "replicas": []},
            "0 of 0 replicas are ready; generation 3 is not carried out, nothing is in force: see Stalled",
        ),
        (
            {"stalled": LIMIT, "refused": True, "suspended": True, "in_force": GenerationInForce(2, {})},
            SERVES + "generation 3 is not carried out, generation 2 is in force, and is left as it is, because "
            "spec.suspend is true: see Stalled",
        ),
        (
            {"stalled": LIMIT, "refused": True, "in_force": GenerationInForce(3, {})},
            SERVES + "generation 3 stays in force, though it is refused by now, and is left as it is: see Stalled",
        ),
        (
            {"suspended": True, "in_force": GenerationInForce(2)},
            "spec.suspend is true, so nothing is changed; generation 2 is in force; 2 of 2 replicas are ready",
        ),
    ],
)
def test_ready_tells_what_is_in_force(changed: Object, expected: str) -> None:
    status = compute_status(facts(**changed), {}, NOW)
    status_of_ready, _, message = conditions(status)["Ready"]
    assert message == expected
    assert status_of_ready == str("2 of 2" in expected)
    in_force = changed.get("in_force")
    assert status.get("inForce") == (in_force and in_force.document())


TROUBLE = Trouble("ImagePullBackOff", "team-a-1: ImagePullBackOff: no; push it")


@pytest.mark.parametrize(
    ("live", "ready", "reconciling"),
    [
        ({"readyReplicas": 0}, ("False", "ImagePullBackOff"), "0 of 2 replicas are ready"),
        ({"readyReplicas": 1}, ("True", "Serving"), "1 of 2 replicas are ready"),
        ({"updatedReplicas": 1, "readyReplicas": 1}, ("True", "Serving"), "1 of 2 replicas run what is asked for"),
        ({"replicas": 3}, ("True", "Serving"), "3 replicas are becoming 2"),
        ({"replicas": 1, "readyReplicas": 1}, ("True", "Serving"), "1 of 2 replicas are ready"),
    ],
)
def test_the_cause_and_the_remedy_are_told_with_what_is_under_way(
    live: Object, ready: tuple[str, str], reconciling: str
) -> None:
    said = conditions(compute_status(facts(stateful_set=stateful_set(**live), trouble=TROUBLE), {}, NOW))
    assert said["Ready"][:2] == ready
    assert said["Ready"][2].endswith("; team-a-1: ImagePullBackOff: no; push it")
    assert said["Reconciling"] == ("True", "ImagePullBackOff", f"{reconciling}; {TROUBLE.message}")


def test_trouble_ends_when_the_fleet_is_whole() -> None:
    said = conditions(compute_status(facts(stateful_set=stateful_set()), {}, NOW))
    assert "Reconciling" not in said


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"config_hash": "c2"}, ("False", "Spreading", "0 of 2 replicas run the config in force")),
        (
            {"replicas": [ReplicaFacts("team-a-0", True, report()), ReplicaFacts("team-a-1", True)]},
            ("False", "Spreading", "1 of 2 replicas run the config in force"),
        ),
        ({"config_problem": Problem("AllowlistMissing", "where is it")}, ("False", "AllowlistMissing", "where is it")),
        (
            {
                "replicas": [
                    ReplicaFacts(
                        "team-a-0",
                        True,
                        report().model_copy(update={"config": ConfigState(hash="c1", generation=1, error="bad key")}),
                    )
                ]
            },
            ("False", "ConfigRefused", "team-a-0: bad key"),
        ),
        (
            {"replicas": [ReplicaFacts("team-a-0", True, report()), ReplicaFacts("team-a-1", True, refused="no JSON")]},
            ("False", "ReportRefused", "reports are not taken: team-a-1: no JSON"),
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


@pytest.mark.parametrize(
    "said",
    [
        "text",
        7,
        {"conditions": 7},
        {"conditions": {"type": "Ready"}},
        {"conditions": ["text", None, {}, {"type": "Active"}]},
    ],
    ids=repr,
)
def test_what_anybody_wrote_as_the_status_of_a_scaled_object(said: object) -> None:
    fleet = goproxy(autoscaling={"maxReplicas": 3, "targetRequestsPerSecond": 400})
    status = compute_status(facts(goproxy=fleet, autoscaler={"kind": "ScaledObject", "status": said}), {}, NOW)
    assert conditions(status)["AutoscalingActive"][:2] == ("Unknown", "NotReported")


def test_a_condition_of_a_scaled_object_fits_into_ours() -> None:
    fleet = goproxy(autoscaling={"maxReplicas": 3, "targetRequestsPerSecond": 400})
    said = {"type": "Ready", "status": "Perhaps", "reason": "R" * 999, "message": ["m" * 9999]}
    scaled = {"kind": "ScaledObject", "status": {"conditions": [said]}}
    status = compute_status(facts(goproxy=fleet, autoscaler=scaled), {}, NOW)
    told, reason, message = conditions(status)["AutoscalingActive"]
    assert (told, reason, len(message)) == ("Unknown", "R" * 128, 4096)


def test_what_others_wrote_forges_no_line() -> None:
    fleet = goproxy(autoscaling={"maxReplicas": 3, "targetRequestsPerSecond": 400})
    said = {
        "type": "Ready",
        "status": "False",
        "reason": "a\nb",
        "message": "x\nWarning  Forged \x1b[31m\u202e" + "\n" * 9999,
    }
    status = compute_status(
        facts(goproxy=fleet, autoscaler={"kind": "ScaledObject", "status": {"conditions": [said]}}), {}, NOW
    )
    told, reason, message = conditions(status)["AutoscalingActive"]
    assert (told, reason, len(message)) == ("False", "a\\nb", 4096)
    assert message.startswith("x\\nWarning  Forged \\x1b[31m\\u202e\\n")
    assert message.isprintable()


def test_why_no_figures_come_is_told_before_what_the_autoscaler_says() -> None:
    fleet = goproxy(autoscaling={"maxReplicas": 3, "targetRequestsPerSecond": 400})
    problem = Problem("NoMetricsProvider", "install one")
    status = compute_status(facts(goproxy=fleet, autoscaling_problem=problem), {}, NOW)
    assert conditions(status)["AutoscalingActive"] == ("False", "NoMetricsProvider", "install one")
    assert conditions(status)["Ready"][0] == "True"


def test_disk_pressure_is_told_while_it_lasts_and_names_the_replicas() -> None:
    def pressed(*texts: str | None) -> StatusFacts:
        replicas = [ReplicaFacts(f"team-a-{i}", True, report(pressure=text)) for i, text in enumerate(texts)]
        return facts(replicas=[*replicas, ReplicaFacts("team-a-9", False)])

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
