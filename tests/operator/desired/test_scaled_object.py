"""The range of replicas as KEDA takes it."""

from __future__ import annotations

import pytest

from goproxy_operator.api.autoscaling import Provider
from tests.operator.desired.fleet_children import child
from tests.operator.objects import goproxy


def test_keda_is_told_what_to_ask_prometheus() -> None:
    prometheus = {"serverAddress": "http://prometheus.monitoring.svc:9090"}
    autoscaling = {"minReplicas": 2, "maxReplicas": 9, "targetRequestsPerSecond": 400, "prometheus": prometheus}
    fleet = goproxy(autoscaling=autoscaling)
    made = child(fleet, "ScaledObject", rate_from=Provider.KEDA)
    assert (made["apiVersion"], made["metadata"]["name"]) == ("keda.sh/v1alpha1", "team-a")
    spec = made["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "team-a"}
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 9)
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior == {"scaleDown": {"stabilizationWindowSeconds": 600}}
    (trigger,) = spec["triggers"]
    assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
    assert trigger["metadata"] == {
        "serverAddress": "http://prometheus.monitoring.svc:9090",
        "query": 'sum(rate(http_requests_total{namespace="build",pod=~"team-a-[0-9]+"}[2m]))',
        "threshold": "400",
        "ignoreNullValues": "false",
    }
    with pytest.raises(StopIteration):
        child(fleet, "HorizontalPodAutoscaler", rate_from=Provider.KEDA)
