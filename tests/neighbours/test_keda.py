"""KEDA's own operator takes a fleet's ScaledObject, asks a real Prometheus for its figure, and makes the autoscaler.

KEDA's adapter is not run: so nothing scales here beyond what KEDA itself writes. What an autoscaler does to a fleet is
in tests/operator/live/test_builtin_metrics.py.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.desired.autoscaler import SCALE_DOWN_SECONDS
from tests.kubernetes.component import free_ports
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess
from tests.neighbours import programs
from tests.neighbours.chosen import only_when_chosen
from tests.neighbours.prometheus_as_written import AsWritten
from tests.neighbours.running import all_gone, definitions, process
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet

pytestmark = [only_when_chosen("keda"), pytest.mark.timeout(300, func_only=True)]
Object = dict[str, Any]
MODULE = "example.com/module"
AUTOSCALING: Object = {"minReplicas": 1, "maxReplicas": 4, "targetRequestsPerSecond": 1, "provider": "KEDA"}


@pytest.fixture
async def keda(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> AsyncIterator[None]:
    """Its operator runs, with its definitions."""
    program = programs.keda()
    files = programs.manifests("keda", "github.com/kedacore/keda/v2", "config/crd/bases")
    certificates = tmp_path / "keda-certificates"
    certificates.mkdir()
    pair = control_plane.serving_certificate("keda-operator")
    for name, file in (("tls.crt", pair.certificate), ("tls.key", pair.key), ("ca.crt", control_plane.ca_file)):
        shutil.copy(file, certificates / name)
    metrics, health, service = free_ports(3)
    environment = {
        "KUBECONFIG": str(control_plane.kubeconfig),
        "POD_NAMESPACE": namespace,
        "KEDA_CLUSTER_OBJECT_NAMESPACE": namespace,
        "WATCH_NAMESPACE": "",
    }
    command: list[str | Path] = [
        program,
        "--leader-elect=false",
        "--enable-cert-rotation=false",
        f"--cert-dir={certificates}",
        f"--metrics-bind-address=127.0.0.1:{metrics}",
        f"--health-probe-bind-address=127.0.0.1:{health}",
        f"--metrics-service-bind-address=127.0.0.1:{service}",
    ]
    with definitions(control_plane, files):
        async with process(command, tmp_path / "keda.log", health, "/healthz", environment):
            yield
            await all_gone(control_plane, "scaledobjects")


async def until_says(fleet: Fleet, kind: str, status: str) -> None:
    """Wait until a condition of the ScaledObject has this status."""
    seen: Object = {}

    async def says() -> bool:
        conditions = (await fleet.get("scaledobject")).get("status", {}).get("conditions", ())
        seen.update({one["type"]: (one["status"], one.get("reason"), one.get("message")) for one in conditions})
        return bool(seen.get(kind, ("",))[0] == status)

    try:
        await eventually(says, f"the ScaledObject's {kind} is {status}", 90)
    except AssertionError as e:
        raise AssertionError(f"{e}; it says {seen}") from None


@pytest.mark.usefixtures("nodes", "keda")
async def test_it_takes_the_scaled_object_and_sees_the_load_of_a_replica(
    fleet: Fleet, new_operator: StartOperator, tmp_path: Path
) -> None:
    async with FakeUpstream() as upstream:
        upstream.add(MODULE, "v1.0.0")
        async with ProxyProcess(tmp_path / "replica", {"upstream": {"goproxy": upstream.url}}) as replica:
            labels = {"namespace": fleet.kubectl.namespace, "pod": "team-a-0"}
            address = replica.admin_url.removeprefix("http://")
            job = {"job_name": "team-a", "static_configs": [{"targets": [address], "labels": labels}]}
            config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [job]}
            async with AsWritten(tmp_path / "prometheus", config) as prometheus:
                asking = asyncio.create_task(ask_on(replica))
                await prometheus.until("sum(rate(http_requests_total[2m])) > 1")
                async with new_operator("--discovery-interval=500ms") as operator:
                    await operator.leading()
                    server = {"prometheus": {"serverAddress": prometheus.url}}
                    await fleet.apply(autoscaling=AUTOSCALING | server)
                    await fleet.wait_ready(1)
                    await fleet.wait_condition("AutoscalingActive", "True", "ScaledObjectReady")
                    await until_says(fleet, "Active", "True")
                    await until_says(fleet, "Ready", "True")
                    autoscaler = (await fleet.get("hpa", "keda-hpa-team-a"))["spec"]
                asking.cancel()
    assert (autoscaler["minReplicas"], autoscaler["maxReplicas"]) == (1, 4)
    assert (autoscaler["scaleTargetRef"]["kind"], autoscaler["scaleTargetRef"]["name"]) == ("StatefulSet", "team-a")
    assert autoscaler["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == SCALE_DOWN_SECONDS
    (metric,) = autoscaler["metrics"]
    assert metric["external"]["target"] == {"type": "AverageValue", "averageValue": "1"}


async def ask_on(replica: ProxyProcess) -> None:
    """Some ten requests a second, until this task is cancelled."""
    while True:
        async with replica.session.get(f"{replica.url}/{MODULE}/@v/v1.0.0.mod") as answer:
            assert answer.status == 200
        await asyncio.sleep(0.1)
