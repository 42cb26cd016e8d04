"""What is asked for, and the documents that answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from goproxy_operator.metrics_api.rules.documents import SelectorError, fleet_of, resource_list, status, value_list


@pytest.mark.parametrize("selector", ["goproxy-operator.dev/fleet=team-a", "goproxy-operator.dev/fleet==team-a"])
def test_a_selector_names_a_fleet(selector: str) -> None:
    assert fleet_of({"labelSelector": selector}) == "team-a"


@pytest.mark.parametrize(
    "selector",
    [
        "",
        "app=team-a",
        "goproxy-operator.dev/fleet",
        "goproxy-operator.dev/fleet!=team-a",
        "goproxy-operator.dev/fleet=team-a,app=b",
        "goproxy-operator.dev/fleet=",
        "goproxy-operator.dev/fleet=Team",
        "goproxy-operator.dev/fleet in (team-a)",
        f"goproxy-operator.dev/fleet={'a' * 41}",
    ],
)
def test_another_selector_is_told_how_to_be_written(selector: str) -> None:
    with pytest.raises(SelectorError, match=r"write labelSelector=goproxy-operator\.dev/fleet=NAME"):
        fleet_of({"labelSelector": selector})


def test_documents() -> None:
    assert resource_list()["resources"][0]["name"] == "goproxy_requests_per_second"
    at = datetime(2026, 1, 2, 3, 4, 5, 999, tzinfo=UTC)
    assert value_list("team-a", 412.5, at) == {
        "kind": "ExternalMetricValueList",
        "apiVersion": "external.metrics.k8s.io/v1beta1",
        "metadata": {},
        "items": [
            {
                "metricName": "goproxy_requests_per_second",
                "metricLabels": {"goproxy-operator.dev/fleet": "team-a"},
                "timestamp": "2026-01-02T03:04:05Z",
                "value": "412500m",
            }
        ],
    }
    assert status(404, "none") == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "none",
        "reason": "NotFound",
        "code": 404,
    }
    assert status(418, "tea")["reason"] == "Unknown"
