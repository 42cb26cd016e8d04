"""Which children for Prometheus and Grafana are made."""

from __future__ import annotations

import pytest

from goproxy_operator.desired.monitoring.switches import monitoring_children
from tests.operator.desired.fleet_children import Object
from tests.operator.objects import goproxy

ALL = ("ServiceMonitor", "PrometheusRule")


@pytest.mark.parametrize(
    ("monitoring", "served", "expected"),
    [
        ({}, (), set()),
        ({}, ALL, {"ServiceMonitor", "PrometheusRule"}),
        ({}, ("ServiceMonitor",), {"ServiceMonitor"}),
        ({"rules": "Disabled", "dashboard": "Disabled"}, ALL, {"ServiceMonitor"}),
        ({"serviceMonitor": "Disabled"}, ALL, set()),
        ({"serviceMonitor": "Disabled", "rules": "Enabled"}, ALL, {"PrometheusRule"}),
        ({"serviceMonitor": "Enabled", "rules": "Enabled"}, (), set()),
        ({"dashboard": "Enabled"}, (), {"ConfigMap"}),
        ({"serviceMonitor": "Auto", "rules": "Auto", "dashboard": "Auto"}, (), set()),
    ],
)
def test_what_is_made(monitoring: Object, served: tuple[str, ...], expected: set[str]) -> None:
    made = monitoring_children(goproxy(monitoring=monitoring), served, "docs")
    assert {child["kind"] for child in made} == expected
