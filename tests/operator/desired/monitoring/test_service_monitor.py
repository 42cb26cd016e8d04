"""What the Prometheus operator scrapes."""

from __future__ import annotations

from goproxy_operator.desired.monitoring.service_monitor import service_monitor
from tests.operator.objects import goproxy


def test_the_service_monitor_finds_the_replicas_by_their_own_service() -> None:
    monitor = service_monitor(goproxy(monitoring={"labels": {"release": "stack"}}))
    assert monitor["metadata"]["labels"]["release"] == "stack"
    assert monitor["metadata"]["labels"]["goproxy-operator.dev/fleet"] == "team-a"
    assert monitor["spec"] == {
        "jobLabel": "goproxy-operator.dev/fleet",
        "selector": {"matchLabels": {"goproxy-operator.dev/fleet": "team-a"}},
        "endpoints": [{"port": "admin", "path": "/metrics", "honorLabels": True}],
    }
