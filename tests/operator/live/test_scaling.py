"""Who says how many replicas there are: the user, kubectl scale, an autoscaler; how it passes from one to another."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.watch import follow, stop
from tests.operator.live.fleet import Fleet

# By name, so that there is an autoscaler though nobody tells it a rate.
AUTOSCALING = {"minReplicas": 3, "maxReplicas": 6, "targetRequestsPerSecond": 400, "provider": "Builtin"}
pytestmark = pytest.mark.usefixtures("operator", "nodes")


class Watched:
    """All numbers of replicas that StatefulSets of a namespace were ever given: of the one there is, and by name."""

    def __init__(self, control_plane: ControlPlane, namespace: str) -> None:
        self._control_plane = control_plane
        self._path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
        self.numbers: list[int] = []
        self.by_name: dict[str, list[int]] = {}

    async def __aenter__(self) -> Watched:
        self._session: aiohttp.ClientSession = self._control_plane.session()
        self._task = asyncio.create_task(follow(self._session, self._path, self._seen))
        return self

    async def __aexit__(self, *_: object) -> None:
        await stop([self._task])
        await self._session.close()

    async def _seen(self, item: dict[str, Any]) -> None:
        number = item["spec"]["replicas"]
        for numbers in (self.numbers, self.by_name.setdefault(item["metadata"]["name"], [])):
            if numbers[-1:] != [number]:
                numbers.append(number)


async def autoscale(fleet: Fleet, replicas: int) -> None:
    """What an autoscaler does: write the number through the scale subresource."""
    await fleet.kubectl("scale", "statefulset/team-a", f"--replicas={replicas}")


async def test_kubectl_scale(fleet: Fleet) -> None:
    await fleet.apply()
    await fleet.wait_ready(2)
    await fleet.kubectl("scale", "goproxy/team-a", "--replicas=3")
    await fleet.wait_ready(3)
    assert (await fleet.get())["spec"]["replicas"] == 3
    await fleet.kubectl("scale", "gop/team-a", "--replicas=0")
    await fleet.wait_condition("Ready", "False", "ScaledToZero")


async def test_an_autoscaler_takes_over_without_a_dip_and_gives_back(control_plane: ControlPlane, fleet: Fleet) -> None:
    await fleet.apply(replicas=4)
    await fleet.wait_ready(4)
    async with Watched(control_plane, fleet.kubectl.namespace) as watched:
        await fleet.apply(autoscaling=AUTOSCALING)
        await fleet.wait_condition("AutoscalingActive", "False", "BuiltinNotEnabled")

        async def ours_no_more() -> bool:
            managed = json.loads(
                await fleet.kubectl("get", "statefulset/team-a", "--show-managed-fields", "-o", "json")
            )["metadata"]["managedFields"]
            owners = {entry["manager"] for entry in managed if "f:replicas" in entry["fieldsV1"].get("f:spec", {})}
            return owners == {"goproxy-operator-replicas"}

        await eventually(ours_no_more, "the number is handed over")
        assert watched.numbers == [4]

        await autoscale(fleet, 5)
        await fleet.wait_ready(5)
        # A change of the StatefulSet that rolls no pod.
        await fleet.apply(autoscaling=AUTOSCALING, cache={"storage": {"whenDeleted": "Delete"}})
        await fleet.wait_ready(5)
        assert watched.numbers == [4, 5]

        await fleet.apply(replicas=2, cache={"storage": {"whenDeleted": "Delete"}})
        await fleet.wait_ready(2)
        assert watched.numbers == [4, 5, 2]
    assert "horizontalpodautoscaler.autoscaling/team-a" not in await fleet.children()


async def test_a_new_fleet_starts_with_the_least(control_plane: ControlPlane, fleet: Fleet) -> None:
    async with Watched(control_plane, fleet.kubectl.namespace) as watched:
        await fleet.apply(autoscaling=AUTOSCALING)
        await fleet.wait_ready(3)
        assert watched.numbers == [3]
        await autoscale(fleet, 6)
        await fleet.wait_ready(6)
        assert watched.numbers == [3, 6]
