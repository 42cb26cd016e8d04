"""From one provider of the request rate to another: the autoscaler changes, the number of replicas does not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import OperatorProcess
from tests.operator.live.test_scaling import Watched, autoscale

PROMETHEUS = {"serverAddress": "http://prometheus.monitoring.svc:9090"}
AUTOSCALING = {"minReplicas": 3, "maxReplicas": 7, "targetRequestsPerSecond": 400}
# What of KEDA's definition matters here: it takes what we send, and has a status of its own.
KEDA = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "scaledobjects.keda.sh"},
    "spec": {
        "group": "keda.sh",
        "scope": "Namespaced",
        "names": {"kind": "ScaledObject", "plural": "scaledobjects", "singular": "scaledobject"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


@pytest.fixture
async def watching(new_operator: StartOperator) -> AsyncIterator[OperatorProcess]:
    """An operator that notices quickly what is installed."""
    async with new_operator("--discovery-interval=500ms", "--scrape-interval=60s") as process:
        await process.leading()
        yield process


@pytest.fixture
async def keda(control_plane: ControlPlane) -> AsyncIterator[Callable[[bool], None]]:
    """Installs KEDA's definition, and removes it."""

    def install(there: bool) -> None:
        if there:
            control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(KEDA))
        else:
            control_plane.kubectl("delete", "crd", "scaledobjects.keda.sh", "--ignore-not-found")

    yield install
    install(False)


@pytest.mark.usefixtures("nodes", "watching")
async def test_from_nobody_to_keda_to_our_own_and_back(
    control_plane: ControlPlane, fleet: Fleet, keda: Callable[[bool], None]
) -> None:
    def asked(**more: Any) -> dict[str, Any]:
        return {"autoscaling": AUTOSCALING | {"prometheus": PROMETHEUS} | more}

    def autoscalers(children: list[str]) -> list[str]:
        return [child for child in children if child.startswith(("horizontal", "scaled"))]

    async with Watched(control_plane, fleet.kubectl.namespace) as watched:
        await fleet.apply(**asked())
        message = await fleet.wait_condition("AutoscalingActive", "False", "NoMetricsProvider")
        assert "externalMetrics.enabled=true" in message
        await fleet.wait_ready(3)
        assert autoscalers(await fleet.children()) == []

        # Installed later: taken at once.
        keda(True)

        async def scaled_object() -> bool:
            found = await fleet.kubectl("get", "scaledobjects", "-o", "name", "--ignore-not-found")
            return found.split() == ["scaledobject.keda.sh/team-a"]

        await eventually(scaled_object, "KEDA is told")
        assert autoscalers(await fleet.children()) == []
        said = {"conditions": [{"type": "Ready", "status": "True", "reason": "ScaledObjectReady", "message": "fine"}]}
        patch = json.dumps({"status": said})
        await fleet.kubectl("patch", "scaledobject/team-a", "--subresource=status", "--type=merge", "--patch", patch)
        await fleet.wait_condition("AutoscalingActive", "True", "ScaledObjectReady")
        await autoscale(fleet, 5)
        await fleet.wait_ready(5)

        # By name, and without a server of its figures: the number stays.
        await fleet.apply(autoscaling=AUTOSCALING | {"provider": "CustomMetrics"})
        await fleet.wait_condition("AutoscalingActive", "False", "CustomMetricsNotServed")
        await eventually(lambda: gone(fleet, "scaledobject/team-a"), "the ScaledObject goes")
        assert autoscalers(await fleet.children()) == ["horizontalpodautoscaler.autoscaling/team-a"]
        await fleet.apply(**asked(provider="KEDA"))
        await eventually(scaled_object, "KEDA is told again")
        assert autoscalers(await fleet.children()) == []
        await fleet.wait_ready(5)

        # KEDA goes, and with it every ScaledObject. Nobody scales now, but the range holds.
        keda(False)
        message = await fleet.wait_condition("AutoscalingActive", "False", "KEDANotInstalled")
        assert "install KEDA" in message
        await fleet.apply(**asked(provider="KEDA", minReplicas=6))
        await fleet.wait_ready(6)
        await fleet.apply(**asked(provider="KEDA", minReplicas=2))
        await fleet.wait_ready(6)
        assert watched.numbers == [3, 5, 6]
    owners = json.loads(await fleet.kubectl("get", "statefulset/team-a", "--show-managed-fields", "-o", "json"))
    managed = owners["metadata"]["managedFields"]
    # Whoever scales next finds the number free to take.
    assert "goproxy-operator" not in {
        entry["manager"] for entry in managed if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    }


async def gone(fleet: Fleet, what: str) -> bool:
    return not (await fleet.kubectl("get", what, "-o", "name", "--ignore-not-found")).strip()
