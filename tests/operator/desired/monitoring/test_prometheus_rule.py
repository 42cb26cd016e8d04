"""The alerts."""

from __future__ import annotations

from typing import Any

from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from tests.operator.desired.fleet_children import Object
from tests.operator.objects import goproxy


def alerts(**spec: Any) -> dict[str, Object]:
    (group,) = prometheus_rule(goproxy(**spec))["spec"]["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def test_alerts_that_depend_on_what_is_asked_for() -> None:
    assert "GoProxyCertificateExpires" not in alerts()
    assert "GoProxyCertificateExpires" in alerts(expose={"tls": {"secretName": "edge"}})
    assert "GoProxyDown" in alerts(replicas=1)
    assert "GoProxyDown" not in alerts(replicas=0), "nobody asked for a replica"
    for rule in alerts().values():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]
        assert "" not in rule.values()
