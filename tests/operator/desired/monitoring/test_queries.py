"""Every expression of alerts and dashboard, held against the metrics that a real replica serves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
from prometheus_client.metrics import MetricWrapperBase

from goproxy_operator import metrics
from goproxy_operator.desired.monitoring.operator_alerts import operator_alerts
from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from goproxy_operator.desired.monitoring.service_monitor import KEPT_LABELS, KEPT_NAMES
from modproxy.contract.report_resources import ResourcesState
from modproxy.resources.cgroup import Container, Pressure
from modproxy.server.resource_metrics import of_resources
from tests.kubernetes.certificates import Authority
from tests.modproxy.fake_upstream import FakeUpstream, status
from tests.modproxy.proxy_process import ProxyProcess
from tests.operator.desired.monitoring.test_dashboard import BOARDS, SECURE

GIVEN_BY_PROMETHEUS = {"job", "namespace", "pod"}
OF_OTHERS = {"modproxy_peer_requests_total": {"direction", "outcome"}}
"""What a replica serves once there is another one, which this test has not."""
PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total"}  # of prometheus_client's ProcessCollector


def rules() -> Iterator[dict[str, Any]]:
    for group in prometheus_rule(SECURE, "docs")["spec"]["groups"]:
        yield from group["rules"]


def expressions() -> Iterator[str]:
    for rule in rules():
        yield rule["expr"]
    yield from of_board(BOARDS["fleets"])


def of_board(board: dict[str, Any]) -> Iterator[str]:
    """The expressions of a dashboard, as Grafana fills in its own variables."""
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield re.sub(r"\$__(rate_interval|range)", "5m", target["expr"])
    for variable in board["templating"]["list"][1:]:
        yield re.sub(r"^label_values\((.*), (\w+)\)$", r"sum by (\2) (\1)", variable["query"]["query"])


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


def in_a_container() -> dict[str, set[str]]:
    """What a replica serves where the machine has cgroup v2."""
    container = Container(1.0, 0.1, 1, 1, 1.0, 1, 1, 1, {"cpu": Pressure(1.0, 1.0)})
    state = ResourcesState(
        seconds=60.0, cpu_limit=1.0, memory_bytes=1, memory_limit_bytes=1, open_descriptors=1, descriptor_limit=1
    )
    samples = [sample for family in of_resources(state, container) for sample in family.samples]
    return {sample.name: set(sample.labels) for sample in samples}


async def served_metrics(upstream: FakeUpstream, folder: Path) -> str:
    """The metrics of a replica that has seen a hit, a miss, a refusal and an error."""
    authority = Authority(folder, "authority")
    pair = authority.issue("server", "server", hosts=["127.0.0.1"])
    secret = folder / "secrets" / "edge"
    secret.mkdir(parents=True)
    (secret / "tls.crt").write_bytes(pair.certificate.read_bytes())
    (secret / "tls.key").write_bytes(pair.key.read_bytes())
    (folder / "token").write_text("a word that peers share")
    (folder / "store").mkdir()
    config = {
        "peers": {"listen": "127.0.0.1:0", "tokenFile": str(folder / "token")},
        "cache": {"objectStore": {"url": f"file://{folder}/store"}},
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
    served: dict[str, set[str]] = {name: set(labels) for name, labels in OF_OTHERS.items()}
    recorded = {rule["record"]: set(rule["labels"]) for rule in rules() if "record" in rule}
    for line in page.splitlines():
        if match := re.match(r"([a-z_0-9]+)(?:\{(.*)\})? ", line):
            served.setdefault(match[1], set()).update(re.findall(r'(\w+)="', match[2] or ""))
    for name, labels in served.items():
        assert re.fullmatch(KEPT_NAMES, name), f"the ServiceMonitor drops {name}"
        assert labels <= set(KEPT_LABELS.split("|")), f"the ServiceMonitor drops labels of {name}"
    served |= recorded | in_a_container()
    found = list(expressions())
    assert len(found) > 20
    for expression in found:
        of = selectors(expression)
        assert of, expression
        for selector in of:
            assert selector.name in served, f"{selector.name}, in {expression}"
        known = set().union(*(served[selector.name] for selector in of if selector.name))
        assert labels_of(expression) <= known | GIVEN_BY_PROMETHEUS, expression


def test_every_expression_about_the_operator_is_promql_about_its_own_metrics() -> None:
    of_metrics: dict[str, set[str]] = {name: set() for name in PROCESS}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            labels = {*metric._labelnames, "le"}
            of_metrics |= {family.name + suffix: labels for suffix in ("", "_total", "_bucket")}
    found = [*of_board(BOARDS["operator"]), *(alert.expression for alert in operator_alerts())]
    assert len(found) > 20
    for expression in found:
        of = selectors(expression)
        for selector in of:
            assert selector.name in of_metrics, f"{selector.name}, in {expression}"
        known = set().union(*(of_metrics[selector.name] for selector in of if selector.name))
        assert labels_of(expression) - GIVEN_BY_PROMETHEUS <= known, expression
