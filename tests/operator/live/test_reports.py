"""The replicas' reports on the status: real answers over HTTP, at the addresses of the pods."""

from __future__ import annotations

import asyncio

import pytest

from modproxy.contract.config import config_hash
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER
from tests.operator.live.replica_reports import loopback_has_many_addresses, replica
from tests.operator.reconcile.status.status_facts import report

pytestmark = pytest.mark.skipif(not loopback_has_many_addresses(), reason="this machine's loopback has one address")


@pytest.mark.usefixtures("operator")
async def test_figures_come_from_the_replicas(control_plane: ControlPlane, nodes: NodeStandIn, fleet: Fleet) -> None:
    nodes.pod_ip = lambda pod: f"127.0.0.{20 + int(pod['metadata']['name'].rpartition('-')[2])}"
    says = {"127.0.0.20": report(config="c"), "127.0.0.21": report(hits=100, used=5, config="c")}
    async with replica("127.0.0.20", says), replica("127.0.0.21", says):
        await fleet.apply()
        await fleet.wait_condition("ConfigSynced", "False", "Spreading")

        async def figures() -> bool:
            return len([r for r in (await fleet.status())["replicaStatus"] if "used" in r]) == 2

        await eventually(figures, "both replicas have reported")
        status = await fleet.status()
        assert (status["hitRatePercent"], status["requestsPerSecond"]) == (98, 410)
        assert status["storage"] == {"used": "31Gi", "capacity": "50Gi", "percent": 62}
        assert status["replicaStatus"][1] == {
            "name": "team-a-1",
            "ready": True,
            "hitRatePercent": 100,
            "used": "5Gi",
            "capacity": "50Gi",
            "config": "c",
        }
        row = (await fleet.kubectl("get", "goproxies")).splitlines()[1].split()
        assert row[3:6] == ["98", "410", "62"]

        # The config in force, by its hash, as a replica computes it from the files it sees.
        config = config_hash((await fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"])
        says |= {"127.0.0.20": report(config=config), "127.0.0.21": report(config=config)}
        message = await fleet.wait_condition("ConfigSynced", "True", "InForce")
        assert message == "2 of 2 replicas run the config in force"

        # Figures alone are not worth a write every half second.
        await asyncio.sleep(1.5)
        mark = control_plane.audit.mark()
        for rate in (300.0, 500.0, 900.0):
            says |= {"127.0.0.20": report(config=config, rate=rate)}
            await asyncio.sleep(0.8)
        assert audit.matching(control_plane.audit.since(mark), user=USER, resource="goproxies", verbs="patch") == []


@pytest.mark.usefixtures("operator")
async def test_a_disk_that_takes_no_more_is_told_while_it_does(
    control_plane: ControlPlane, nodes: NodeStandIn, fleet: Fleet
) -> None:
    nodes.pod_ip = lambda pod: "127.0.0.22"
    says = {"127.0.0.22": report()}
    async with replica("127.0.0.22", says):
        await fleet.apply(replicas=1)
        await fleet.wait_condition("ConfigSynced", "False", "Spreading")
        assert await fleet.condition("DiskPressure") is None
        says["127.0.0.22"] = report(pressure="the cache's disk refuses writes: No space left on device")
        message = await fleet.wait_condition("DiskPressure", "True", "CacheDiskFull")
        assert message == "team-a-0: the cache's disk refuses writes: No space left on device"
        (told,) = await fleet.wait_events("CacheDiskFull")
        assert "No space left" in told["message"]
        says["127.0.0.22"] = report()

        async def gone() -> bool:
            return await fleet.condition("DiskPressure") is None

        await eventually(gone, "DiskPressure goes when there is room")
