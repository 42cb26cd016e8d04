"""Caches that grow by themselves: when they were full for long, step by step, up to growTo and no further."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from modproxy.contract.report import StorageState, Window
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER
from tests.operator.live.replica_reports import GI, ReplicaReports
from tests.operator.live.test_scaling import Watched
from tests.operator.live.test_storage import items, uids, wait_grown

ARGUMENTS = ("--grow-after=5s", "--scrape-interval=500ms")
GROWING = {"storage": {"size": "1Gi", "growTo": "3Gi"}}


class Filled:
    """What the replicas say of their disks."""

    percent = 80

    def __call__(self, _namespace: str, _pod: str) -> tuple[StorageState, Window]:
        used = self.percent * GI // 100
        return (
            StorageState(used_bytes=used, capacity_bytes=GI, objects=9),
            Window(seconds=600, hits=1, requests=2, requests_per_second=1.0),
        )


@pytest.fixture
async def filled(api: aiohttp.ClientSession) -> AsyncIterator[Filled]:
    """Answers for all pods."""
    figures = Filled()
    async with ReplicaReports(api, figures):
        yield figures


async def reasons(fleet: Fleet) -> list[str]:
    told = json.loads(await fleet.kubectl("get", "events.events.k8s.io", "-o", "json"))["items"]
    return [event["reason"] for event in told if event["regarding"]["kind"] == "GoProxy"]


async def sizes(fleet: Fleet) -> set[str]:
    claims = await items(fleet.kubectl, "pvc", fleet.name)
    return {claim["spec"]["resources"]["requests"]["storage"] for claim in claims}


@pytest.mark.usefixtures("nodes")
async def test_full_caches_grow_also_across_a_restart_and_stop_where_they_may(
    control_plane: ControlPlane, fleet: Fleet, filled: Filled, new_operator: StartOperator
) -> None:
    assert filled.percent == 80
    async with Watched(control_plane, fleet.kubectl.namespace) as watched:
        async with new_operator(*ARGUMENTS) as first:
            await fleet.apply(replicas=2, cache=GROWING)
            await fleet.wait_ready(2)
            before = await uids(fleet)

            async def begun() -> bool:
                return "2Gi" in await sizes(fleet)

            await eventually(begun, "the first claim is to grow")
            first.kill()
            await first.ended()
        await fleet.kubectl("delete", "lease", "goproxy-operator", "-n", "goproxy-operator")
        async with new_operator(*ARGUMENTS) as second:
            await wait_grown(fleet, "2Gi", 2)
            await wait_grown(fleet, "3Gi", 2)
            assert "ClaimsGrowing" in await reasons(fleet)
            mark = control_plane.audit.mark()
            looks = await second.metric("goproxy_operator_reconcile_seconds_count") + 5

            async def looked() -> bool:
                return await second.metric("goproxy_operator_reconcile_seconds_count") >= looks

            await eventually(looked, "it was looked at more often than growing again would take", 40)
            made = audit.matching(control_plane.audit.since(mark), user=USER, verbs=audit.WRITES)
            assert [call.resource for call in made if call.resource not in ("leases", "goproxies")] == []
    assert await sizes(fleet) == {"3Gi"}
    assert await uids(fleet) == before, "neither a pod nor a claim is another one"
    assert set(watched.numbers) == {2}
    assert (await fleet.get())["spec"]["cache"] == GROWING, "the operator writes nothing of a spec"


@pytest.mark.usefixtures("nodes")
async def test_below_the_low_watermark_nothing_grows(fleet: Fleet, filled: Filled, new_operator: StartOperator) -> None:
    filled.percent = 74
    async with new_operator(*ARGUMENTS) as operator:
        await operator.leading()
        await fleet.apply(replicas=1, cache=GROWING)
        await fleet.wait_ready(1)
        # Twice as long as a full cache takes: above the watermark now and then is not full for long.
        for percent in (74, 90, 74, 90, 74):
            filled.percent = percent
            await asyncio.sleep(2)
        assert await sizes(fleet) == {"1Gi"}
        assert await reasons(fleet) == ["Created"]
        filled.percent = 75
        await wait_grown(fleet, "2Gi", 1)
