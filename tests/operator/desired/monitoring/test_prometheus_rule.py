"""The alerts."""

from __future__ import annotations

from typing import Any

from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from tests.kubernetes.background import ROOT
from tests.operator.desired.fleet_children import Object
from tests.operator.objects import goproxy


def alerts(**spec: Any) -> dict[str, Object]:
    groups = prometheus_rule(goproxy(**spec), "docs")["spec"]["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


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
    for group in prometheus_rule(goproxy(), "https://docs.example.com/go")["spec"]["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                url = f"https://docs.example.com/go/runbooks/{rule['alert']}.md"
                assert rule["annotations"]["runbook_url"] == url


def test_rules_of_a_group_have_names_of_their_own() -> None:
    first, second = prometheus_rule(goproxy(), "docs")["spec"]["groups"]
    assert (first["name"], second["name"]) == ("goproxy.build.team-a", "goproxy-objectives.build.team-a")
    none = {"availability": "0", "hitRate": "0", "fastHits": "0", "storage": "0"}
    assert len(prometheus_rule(goproxy(monitoring={"objectives": none}), "docs")["spec"]["groups"]) == 1
