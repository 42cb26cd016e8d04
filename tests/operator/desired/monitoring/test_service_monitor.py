"""What the Prometheus operator scrapes, and what of it is taken."""

from __future__ import annotations

import re
from typing import Any

import pytest

from goproxy_operator.desired.monitoring.service_monitor import service_monitor
from tests.operator.objects import goproxy

Labels = dict[str, str]
MONITOR = service_monitor(goproxy(monitoring={"labels": {"release": "stack"}}))
(ENDPOINT,) = MONITOR["spec"]["endpoints"]
# What the Prometheus operator itself sets before the relabelings of the object.
TARGET = {
    "job": "team-a-replicas",
    "namespace": "build",
    "pod": "team-a-0",
    "service": "team-a-replicas",
    "container": "modproxy",
    "endpoint": "admin",
    "instance": "10.0.0.1:8081",
}


def relabelled(labels: Labels, steps: list[dict[str, Any]]) -> Labels | None:
    """What Prometheus makes of labels. Source: "relabel_config" of its documentation."""
    for step in steps:
        match step["action"]:
            case "labeldrop":
                labels = {k: v for k, v in labels.items() if not re.fullmatch(step["regex"], k)}
            case "labelkeep":
                labels = {k: v for k, v in labels.items() if re.fullmatch(step["regex"], k)}
            case "replace":
                labels = labels | {step["targetLabel"]: step["replacement"]}
            case "keep":
                if not re.fullmatch(step["regex"], ";".join(labels.get(one, "") for one in step["sourceLabels"])):
                    return None
            case other:
                raise AssertionError(other)
    return labels


def taken(name: str, **told: str) -> Labels | None:
    """The series that Prometheus keeps of one that a replica tells."""
    target = relabelled(TARGET, ENDPOINT["relabelings"])
    assert target is not None
    assert ENDPOINT.get("honorLabels", False) is False
    claimed = {f"exported_{key}" if key in target else key: value for key, value in told.items()}
    return relabelled({"__name__": name, **claimed, **target}, ENDPOINT["metricRelabelings"])


def test_the_service_monitor_finds_the_replicas_by_their_own_service() -> None:
    assert MONITOR["metadata"]["labels"]["release"] == "stack"
    assert MONITOR["metadata"]["labels"]["goproxy-operator.dev/fleet"] == "team-a"
    assert MONITOR["spec"]["selector"] == {"matchLabels": {"goproxy-operator.dev/fleet": "team-a"}}
    assert (ENDPOINT["port"], ENDPOINT["path"], ENDPOINT["followRedirects"]) == ("admin", "/metrics", False)
    assert not {"jobLabel", "targetLabels", "podTargetLabels", "attachMetadata"} & MONITOR["spec"].keys()
    limits = {key for key in MONITOR["spec"] if key.endswith("Limit")}
    assert limits == {
        "sampleLimit",
        "bodySizeLimit",
        "labelLimit",
        "labelNameLengthLimit",
        "labelValueLengthLimit",
    }


def test_what_a_replica_tells_is_taken() -> None:
    assert taken("http_requests_total", endpoint="zip", code="200", cache="hit") == {
        "__name__": "http_requests_total",
        "job": "team-a",
        "namespace": "build",
        "pod": "team-a-0",
        "service": "team-a-replicas",
        "container": "modproxy",
        "instance": "10.0.0.1:8081",
        "endpoint": "zip",
        "code": "200",
        "cache": "hit",
    }


@pytest.mark.parametrize("name", ["up", "kube_pod_info", "ALERTS", "http_requests_total2", "x_modproxy_ready", ""])
def test_series_of_others_are_not_taken(name: str) -> None:
    assert taken(name, namespace="kube-system") is None


@pytest.mark.parametrize("label", [*TARGET, "cluster", "severity", "exported_job", "node", "tenant", "__address__"])
def test_no_label_can_be_forged(label: str) -> None:
    honest = taken("modproxy_ready")
    forged = taken("modproxy_ready", **{label: "another's"})
    if label == "endpoint":
        assert forged == (honest or {}) | {"endpoint": "another's"}, "a label of the metrics' own"
    else:
        assert forged == honest
