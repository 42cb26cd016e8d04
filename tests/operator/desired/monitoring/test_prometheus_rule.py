"""The alerts."""

from __future__ import annotations

from typing import Any

from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from tests.kubernetes.background import ROOT
from tests.operator.desired.fleet_children import Object
from tests.operator.objects import goproxy


def alerts(**spec: Any) -> dict[str, Object]:
    (group,) = prometheus_rule(goproxy(**spec), "docs")["spec"]["groups"]
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


def test_every_alert_links_to_a_page_that_exists() -> None:
    store = {"objectStore": {"url": "s3://go-modules"}}
    assert "GoProxyObjectStoreFails" not in alerts()
    for name, rule in alerts(expose={"tls": {"secretName": "edge"}}, cache=store).items():
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"
        assert (ROOT / "docs" / "runbooks" / f"{name}.md").is_file()
    (group,) = prometheus_rule(goproxy(), "https://docs.example.com/go")["spec"]["groups"]
    urls = [rule["annotations"]["runbook_url"] for rule in group["rules"]]
    assert urls == [f"https://docs.example.com/go/runbooks/{rule['alert']}.md" for rule in group["rules"]]
