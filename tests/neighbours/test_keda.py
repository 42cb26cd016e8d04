"""KEDA scales a fleet out and in: its own operator and adapter, and real Prometheus, replica and HPA controller.

The pods of the fleet are played, but for the first: that one is a replica beside the control plane, which Prometheus
scrapes under the labels that a pod would have.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from goproxy_operator.desired.autoscaler import SCALE_DOWN_SECONDS
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess
from tests.neighbours import keda_installed
from tests.neighbours.chosen import only_when_chosen
from tests.neighbours.prometheus_as_written import AsWritten
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.test_scaling import Watched

pytestmark = [only_when_chosen("keda"), pytest.mark.timeout(600, func_only=True)]
Object = dict[str, Any]
MODULE = "example.com/module"
GUIDE = Path(__file__).parents[2] / "docs" / "autoscaling.md"


def taught() -> Object:
    """`autoscaling` as the guide teaches it for KEDA."""
    _, _, after = GUIDE.read_text().partition("\n## KEDA\n\n")
    text = after.partition("\n\nThe operator makes")[0]
    section: Object = yaml.safe_load(text)["autoscaling"]
    return section


@pytest.fixture
async def keda(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> AsyncIterator[None]:
    """It is installed."""
    async with keda_installed.installed(control_plane, namespace, tmp_path):
        yield


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


async def figure(fleet: Fleet) -> float:
    """The rate, as KEDA's adapter tells it to autoscalers by way of the API server."""
    namespace, trigger = fleet.kubectl.namespace, "s0-prometheus"
    path = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/{trigger}"
    answer = json.loads(
        await fleet.kubectl("get", "--raw", f"{path}?labelSelector=scaledobject.keda.sh%2Fname%3D{fleet.name}")
    )
    (item,) = answer["items"]
    value = str(item["value"])
    return float(value[:-1]) / 1000 if value.endswith("m") else float(value)


@pytest.mark.usefixtures("nodes", "keda")
async def test_a_fleet_follows_its_load_from_one_to_four_replicas_and_back(
    fleet: Fleet, new_operator: StartOperator, control_plane: ControlPlane, tmp_path: Path
) -> None:
    autoscaling = taught() | {"minReplicas": 1, "maxReplicas": 4, "targetRequestsPerSecond": 1}
    async with FakeUpstream() as upstream:
        upstream.add(MODULE, "v1.0.0")
        async with ProxyProcess(tmp_path / "replica", {"upstream": {"goproxy": upstream.url}}) as replica:
            prometheus = AsWritten(tmp_path / "prometheus", scrape(replica, fleet.kubectl.namespace))
            async with prometheus, new_operator("--discovery-interval=500ms") as operator:
                async with replica.session.get(f"{replica.url}/{MODULE}/@v/list") as answer:
                    assert answer.status == 200
                # Without any figure KEDA would say so, and be right.
                await prometheus.until('rate(http_requests_total{pod="team-a-0"}[2m])')
                await operator.leading()
                autoscaling["prometheus"] = {"serverAddress": prometheus.url}
                await fleet.apply(autoscaling=autoscaling)
                await fleet.wait_ready(1)
                await fleet.wait_condition("AutoscalingActive", "True", "ScaledObjectReady")
                await until_says(fleet, "Ready", "True")
                made_by_keda(await fleet.get("hpa", "keda-hpa-team-a"))
                await in_and_out(control_plane, fleet, replica, prometheus, autoscaling)


def scrape(replica: ProxyProcess, namespace: str) -> Object:
    """A configuration of Prometheus: the replica is the fleet's first pod, and one of another fleet of the namespace,
    whose load does not count.
    """
    address = replica.admin_url.removeprefix("http://")
    targets = [
        {"targets": [address], "labels": {"namespace": namespace, "pod": pod}} for pod in ("team-a-0", "team-a-other-0")
    ]
    return {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "replicas", "static_configs": targets}],
    }


def made_by_keda(autoscaler: Object) -> None:
    """KEDA writes into its autoscaler what the operator wrote into the ScaledObject."""
    spec = autoscaler["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (1, 4)
    assert (spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"]) == ("StatefulSet", "team-a")
    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == SCALE_DOWN_SECONDS
    (metric,) = spec["metrics"]
    assert metric["external"]["target"] == {"type": "AverageValue", "averageValue": "1"}


async def in_and_out(
    control_plane: ControlPlane, fleet: Fleet, replica: ProxyProcess, prometheus: AsWritten, autoscaling: Object
) -> None:
    async with Watched(control_plane, fleet.kubectl.namespace) as watched:
        asking = asyncio.create_task(ask_on(replica))
        await eventually(lambda: watched.numbers[-1:] == [4], "four replicas", 120)
        await fleet.wait_ready(4)
        await until_says(fleet, "Active", "True")
        told = await figure(fleet)
        (of_fleet,) = (await prometheus.query('sum(rate(http_requests_total{pod="team-a-0"}[2m]))')).values()
        assert 0.5 * of_fleet < told < 1.5 * of_fleet
        assert watched.numbers == sorted(watched.numbers)
        asking.cancel()
        # The autoscaler waits ten minutes before it scales in; this one less long, while nobody puts it right.
        await fleet.apply(autoscaling=autoscaling, suspend=True)
        await eventually(lambda: suspended(fleet), "the fleet is suspended")
        # Without Prometheus nothing moves, and it is told.
        await patch(fleet, [NO_PATIENCE, asks("http://127.0.0.1:1")])
        await eventually(lambda: inactive(fleet), "AutoscalingActive is False", 90)
        assert watched.numbers[-1] == 4
        await patch(fleet, [asks(prometheus.url)])
        # The query looks at two minutes.
        await eventually(lambda: watched.numbers[-1] == 1, "one replica is enough", 200)
        await fleet.apply(autoscaling=autoscaling)
        await fleet.wait_ready(1)
        made_by_keda(await fleet.get("hpa", "keda-hpa-team-a"))


NO_PATIENCE: Object = {
    "op": "replace",
    "path": "/spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown/stabilizationWindowSeconds",
    "value": 0,
}


def asks(url: str) -> Object:
    """A patch by which the ScaledObject asks this Prometheus."""
    return {"op": "replace", "path": "/spec/triggers/0/metadata/serverAddress", "value": url}


async def patch(fleet: Fleet, changes: list[Object]) -> None:
    await fleet.kubectl("patch", "scaledobject/team-a", "--type=json", "--patch", json.dumps(changes))


async def inactive(fleet: Fleet) -> bool:
    said = await fleet.condition("AutoscalingActive")
    return said is not None and said[:2] == ("False", "TriggerError")


async def suspended(fleet: Fleet) -> bool:
    item = await fleet.get()
    return bool(item["status"]["observedGeneration"] == item["metadata"]["generation"])


async def ask_on(replica: ProxyProcess) -> None:
    """Some ten requests a second, until this task is cancelled."""
    while True:
        async with replica.session.get(f"{replica.url}/{MODULE}/@v/v1.0.0.mod") as answer:
            assert answer.status == 200
        await asyncio.sleep(0.1)
