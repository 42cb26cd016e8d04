"""What is made for Prometheus and Grafana, held against the metrics that a real replica serves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest

from goproxy_operator.desired.monitoring.dashboard import dashboard
from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from goproxy_operator.desired.monitoring.service_monitor import service_monitor
from goproxy_operator.desired.monitoring.switches import monitoring_children
from tests.kubernetes.certificates import Authority
from tests.modproxy.fake_upstream import FakeUpstream, status
from tests.modproxy.proxy_process import ProxyProcess
from tests.operator.objects import UID, goproxy

Object = dict[str, Any]
ALL = ("ServiceMonitor", "PrometheusRule")
SECURE = goproxy(expose={"tls": {"secretName": "edge"}})
GIVEN_BY_PROMETHEUS = {"job", "namespace", "pod"}


@pytest.mark.parametrize(
    ("monitoring", "served", "expected"),
    [
        ({}, (), set()),
        ({}, ALL, {"ServiceMonitor", "PrometheusRule", "ConfigMap"}),
        ({}, ("ServiceMonitor",), {"ServiceMonitor", "ConfigMap"}),
        ({"rules": "Disabled", "dashboard": "Disabled"}, ALL, {"ServiceMonitor"}),
        ({"serviceMonitor": "Disabled"}, ALL, set()),
        ({"serviceMonitor": "Disabled", "rules": "Enabled"}, ALL, {"PrometheusRule"}),
        ({"serviceMonitor": "Enabled", "rules": "Enabled"}, (), set()),
        ({"dashboard": "Enabled"}, (), {"ConfigMap"}),
        ({"serviceMonitor": "Auto", "rules": "Auto", "dashboard": "Auto"}, (), set()),
    ],
)
def test_what_is_made(monitoring: Object, served: tuple[str, ...], expected: set[str]) -> None:
    made = monitoring_children(goproxy(monitoring=monitoring), served)
    assert {child["kind"] for child in made} == expected


def test_the_service_monitor_finds_the_replicas_by_their_own_service() -> None:
    monitor = service_monitor(goproxy(monitoring={"labels": {"release": "stack"}}))
    assert monitor["metadata"]["labels"]["release"] == "stack"
    assert monitor["metadata"]["labels"]["goproxy-operator.dev/fleet"] == "team-a"
    assert monitor["spec"] == {
        "jobLabel": "goproxy-operator.dev/fleet",
        "selector": {"matchLabels": {"goproxy-operator.dev/fleet": "team-a"}},
        "endpoints": [{"port": "admin", "path": "/metrics", "honorLabels": True}],
    }


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


def panels() -> list[Object]:
    (text,) = dashboard(SECURE)["data"].values()
    found: list[Object] = json.loads(text)["panels"]
    return found


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    made = dashboard(SECURE)
    assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    ((file, text),) = made["data"].items()
    document = json.loads(text)
    assert (file, document["uid"]) == ("goproxy-build-team-a.json", UID)
    assert document["title"] == "Go module proxy build/team-a"
    assert len({panel["id"] for panel in panels()}) == len(panels())
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, f"{panel['title']} is over another panel"
        taken |= cells
        assert all(target["datasource"]["uid"] == "${source}" for target in panel["targets"])


def expressions() -> Iterator[str]:
    for rule in prometheus_rule(SECURE)["spec"]["groups"][0]["rules"]:
        yield rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield re.sub(r"\$__(rate_interval|range)", "5m", target["expr"])


def selectors(expression: str) -> list[promql.VectorSelector]:
    """All series that are selected in an expression; ValueError when it is none."""
    found: list[promql.VectorSelector] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        return True

    promql.walk(promql.parse(expression), visit)
    return found


def labels_of(expression: str) -> set[str]:
    """The labels that an expression matches or groups by."""
    matched = {matcher.name for selector in selectors(expression) for matcher in selector.matchers.matchers}
    grouped = {label for labels in re.findall(r"by \(([^)]*)\)", expression) for label in labels.split(", ")}
    return matched | grouped


async def served_metrics(upstream: FakeUpstream, folder: Path) -> str:
    """The metrics of a replica that has seen a hit, a miss, a refusal and an error."""
    authority = Authority(folder, "authority")
    pair = authority.issue("server", "server", hosts=["127.0.0.1"])
    secret = folder / "secrets" / "edge"
    secret.mkdir(parents=True)
    (secret / "tls.crt").write_bytes(pair.certificate.read_bytes())
    (secret / "tls.key").write_bytes(pair.key.read_bytes())
    config = {
        "upstream": {"goproxy": f"{upstream.url}|http://127.0.0.1:9", "timeout": "2s"},
        "modules": {"deny": ["example.com/evil"]},
        "secretsDir": str(folder / "secrets"),
        "tls": {"secretName": "edge"},
    }
    upstream.behaviours["example.com/broken/@v/list"] = status(500)
    async with ProxyProcess(folder / "proxy", config) as proxy:
        url = proxy.url.replace("http:", "https:")
        for key in ("m/@v/list", "m/@v/list", "evil/@v/list", "broken/@v/list"):
            async with proxy.session.get(f"{url}/example.com/{key}", ssl=False) as answer:
                await answer.read()
        return await proxy.metrics()


async def test_every_expression_is_promql_about_metrics_that_there_are(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream:
        upstream.add("example.com/m", "v1.0.0")
        page = await served_metrics(upstream, tmp_path)
    served: dict[str, set[str]] = {}
    for line in page.splitlines():
        if match := re.match(r"([a-z_]+)(?:\{(.*)\})? ", line):
            served.setdefault(match[1], set()).update(re.findall(r'(\w+)="', match[2] or ""))
    asked = list(expressions())
    assert len(asked) > 20
    for expression in asked:
        of = selectors(expression)
        assert of, expression
        for selector in of:
            assert selector.name in served, f"{selector.name}, in {expression}"
        known = set().union(*(served[selector.name] for selector in of if selector.name))
        assert labels_of(expression) <= known | GIVEN_BY_PROMETHEUS, expression
