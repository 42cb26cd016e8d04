"""The real prometheus-operator takes a fleet's ServiceMonitor and rules, and a real Prometheus does what it writes."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kubernetes import kube_binary
from tests.kubernetes.component import free_ports
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess
from tests.neighbours import programs
from tests.neighbours.chosen import only_when_chosen
from tests.neighbours.prometheus_as_written import AsWritten
from tests.neighbours.running import definitions, process
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.prometheus import programs as prometheus_programs

pytestmark = [only_when_chosen("prometheus"), pytest.mark.timeout(240, func_only=True)]
Object = dict[str, Any]
MODULE = "github.com/prometheus-operator/prometheus-operator"
REPLICA = "team-a-0"
SERVER: Object = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "Prometheus",
    "metadata": {"name": "stack"},
    "spec": {
        "version": "v2.42.0",
        "replicas": 0,
        "serviceMonitorSelector": {},
        "ruleSelector": {},
    },
}
BROKEN: Object = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "PrometheusRule",
    "metadata": {"name": "broken"},
    "spec": {"groups": [{"name": "broken", "rules": [{"alert": "Broken", "expr": "sum(rate("}]}]},
}
GO_PROXY: Object = {
    "replicas": 1,
    "monitoring": {"serviceMonitor": "Enabled", "objectives": {"availability": "99.95"}},
}


@pytest.fixture
async def prometheus_operator(control_plane: ControlPlane, tmp_path: Path) -> AsyncIterator[Path]:
    """It runs, with its definitions; its log."""
    program = programs.prometheus_operator()
    files = programs.manifests("prometheus-operator", MODULE, "example/prometheus-operator-crd")
    proxy_port, port = free_ports(2)
    through: list[str | Path] = [
        kube_binary.ensure() / "kubectl",
        f"--kubeconfig={control_plane.kubeconfig}",
        "proxy",
        f"--port={proxy_port}",
    ]
    command: list[str | Path] = [
        program,
        f"-apiserver=http://127.0.0.1:{proxy_port}",
        f"-web.listen-address=127.0.0.1:{port}",
    ]
    with definitions(control_plane, files):
        async with (
            process(through, tmp_path / "kubectl-proxy.log", proxy_port, "/readyz"),
            process(command, tmp_path / "prometheus-operator.log", port, "/healthz") as log,
        ):
            yield log


async def warnings_about(fleet: Fleet, kind: str, name: str) -> list[str]:
    selector = f"involvedObject.kind={kind},involvedObject.name={name},type=Warning"
    found = json.loads(await fleet.kubectl("get", "events", f"--field-selector={selector}", "-o", "json"))
    return [f"{event['reason']}: {event['message']}" for event in found["items"]]


async def written_config(fleet: Fleet) -> Object:
    """What the Prometheus is told, once it has a job of the fleet."""
    found: Object = {}

    async def told() -> bool:
        held = await fleet.kubectl("get", "secret", "prometheus-stack", "--ignore-not-found", "-o", "json")
        if not held.strip():
            return False
        packed = base64.b64decode(json.loads(held)["data"]["prometheus.yaml.gz"])
        # Beside Prometheus, a program fills in which of how many servers this one is.
        text = gzip.decompress(packed).decode().replace("$(SHARD)", "0").replace("$(POD_NAME)", "prometheus-stack-0")
        found.update(yaml.safe_load(text))
        return bool(found.get("scrape_configs"))

    await eventually(told, "the scrape configuration has a job", 60)
    return found


async def written_rules(fleet: Fleet) -> list[Object]:
    """The files of rules of the Prometheus, once those of the fleet are there."""
    found: list[Object] = []

    async def told() -> bool:
        held = await fleet.kubectl(
            "get", "configmap", "prometheus-stack-rulefiles-0", "--ignore-not-found", "-o", "json"
        )
        files = json.loads(held).get("data", {}) if held.strip() else {}
        found[:] = [yaml.safe_load(text) for text in files.values()]
        return bool(found)

    await eventually(told, "the rules are there", 60)
    return found


def discovered(service: Object, port: str, address: str) -> Object:
    """A target as Prometheus' discovery of endpoints tells of it: its address, with labels of its Service and pod."""
    metadata = service["metadata"]
    labels = {
        "__meta_kubernetes_namespace": metadata["namespace"],
        "__meta_kubernetes_service_name": metadata["name"],
        "__meta_kubernetes_endpoint_port_name": port,
        "__meta_kubernetes_endpoint_ready": "true",
        "__meta_kubernetes_endpoint_address_target_kind": "Pod",
        "__meta_kubernetes_endpoint_address_target_name": REPLICA,
        "__meta_kubernetes_pod_name": REPLICA,
        "__meta_kubernetes_pod_container_name": "modproxy",
        "__meta_kubernetes_pod_phase": "Running",
    }
    for name, value in metadata["labels"].items():
        plain = re.sub(r"[^a-zA-Z0-9_]", "_", name)
        labels[f"__meta_kubernetes_service_label_{plain}"] = value
        labels[f"__meta_kubernetes_service_labelpresent_{plain}"] = "true"
    return {"targets": [address], "labels": labels}


def check_by(promtool: Path, folder: Path, *what: str) -> None:
    said = subprocess.run([promtool, "check", *what], cwd=folder, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.usefixtures("nodes", "prometheus_operator")
async def test_what_it_writes_from_our_objects_scrapes_a_replica_and_evaluates_all_rules(
    fleet: Fleet, new_operator: StartOperator, tmp_path: Path
) -> None:
    await fleet.kubectl("create", "-f", "-", stdin=json.dumps(SERVER))
    async with new_operator("--discovery-interval=500ms") as operator:
        await operator.leading()
        await fleet.apply(**GO_PROXY)
        await fleet.wait_ready(1)
        config = await written_config(fleet)
        rules = await written_rules(fleet)
        ours = (await fleet.get("prometheusrule"))["spec"]["groups"]
        services = [await fleet.get("service", name) for name in ("team-a-replicas", "team-a")]
        monitor = (await fleet.get("servicemonitor"))["metadata"]
    (job,) = config["scrape_configs"]
    assert job["job_name"] == f"serviceMonitor/{monitor['namespace']}/team-a/0"

    # All our rules are there, as they are but for the label that says of which namespace they are.
    (file,) = rules
    assert [group["name"] for group in file["groups"]] == [group["name"] for group in ours]
    assert [len(group["rules"]) for group in file["groups"]] == [len(group["rules"]) for group in ours]
    for kind in ("PrometheusRule", "ServiceMonitor"):
        assert await warnings_about(fleet, kind, "team-a") == []

    async with (
        FakeUpstream() as upstream,
        ProxyProcess(tmp_path / "replica", {"upstream": {"goproxy": upstream.url}}) as replica,
    ):
        address = replica.admin_url.removeprefix("http://")
        # Debian's Prometheus is built without this discovery.
        (discovery,) = job.pop("kubernetes_sd_configs")
        assert discovery["namespaces"]["names"] == [monitor["namespace"]]
        # The one that is meant; that Service's other port; the Service of clients, which has the fleet's labels too.
        ports = [(services[0], "admin"), (services[0], "http"), (services[1], "http")]
        job["static_configs"] = [discovered(service, port, address) for service, port in ports]
        job["scrape_interval"] = job["scrape_timeout"] = "1s"
        config["global"] |= {"evaluation_interval": "1s"}
        config["rule_files"] = ["rules-of-the-fleet.yaml"]
        for unused in ("alerting", "storage"):
            config.pop(unused, None)
        folder = tmp_path / "written"
        folder.mkdir()
        (folder / "rules-of-the-fleet.yaml").write_text(yaml.safe_dump(file))
        (folder / "as-written.yaml").write_text(yaml.safe_dump(config))
        promtool = prometheus_programs.find("promtool")
        check_by(promtool, folder, "config", "as-written.yaml")
        check_by(promtool, folder, "rules", "rules-of-the-fleet.yaml")
        async with AsWritten(folder, config) as prometheus:
            labels = f'job="team-a",namespace="{monitor["namespace"]}",pod="{REPLICA}",container="modproxy"'
            await prometheus.until(f"modproxy_ready{{{labels}}} == 1")
            assert len(await prometheus.query("modproxy_ready")) == 1
            assert await prometheus.until_rules_are("ok") == sum(len(group["rules"]) for group in ours)


@pytest.mark.usefixtures("prometheus_operator")
async def test_a_rule_that_is_broken_is_told_so(fleet: Fleet) -> None:
    """What the test above relies on: it would have told of ours."""
    await fleet.kubectl("create", "-f", "-", stdin=json.dumps(SERVER))
    await fleet.kubectl("create", "-f", "-", stdin=json.dumps(BROKEN))

    async def told() -> bool:
        return bool(await warnings_about(fleet, "PrometheusRule", "broken"))

    await eventually(told, "there is a Warning", 60)
