"""The HorizontalPodAutoscaler."""

from __future__ import annotations

from goproxy_operator.api.autoscaling import Provider
from tests.operator.desired.fleet_children import child
from tests.operator.objects import goproxy


def test_the_autoscaler_follows_the_request_rate_of_the_fleet() -> None:
    fleet = goproxy(autoscaling={"minReplicas": 3, "maxReplicas": 9, "targetRequestsPerSecond": 400})
    spec = child(fleet, "HorizontalPodAutoscaler")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 9)
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "team-a"}
    (metric,) = spec["metrics"]
    assert metric["external"] == {
        "metric": {
            "name": "goproxy_requests_per_second",
            "selector": {"matchLabels": {"goproxy-operator.dev/fleet": "team-a"}},
        },
        "target": {"type": "AverageValue", "averageValue": "400"},
    }
    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 600


def test_an_adapter_of_custom_metrics_tells_the_rate_of_each_pod() -> None:
    fleet = goproxy(autoscaling={"maxReplicas": 9, "targetRequestsPerSecond": 400, "provider": "CustomMetrics"})
    spec = child(fleet, "HorizontalPodAutoscaler", rate_from=Provider.CUSTOM_METRICS)["spec"]
    assert spec["metrics"] == [
        {
            "type": "Pods",
            "pods": {
                "metric": {"name": "goproxy_requests_per_second"},
                "target": {"type": "AverageValue", "averageValue": "400"},
            },
        }
    ]
