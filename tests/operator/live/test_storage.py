"""Claims that grow, against a real StatefulSet controller: no claim, no pod and no replica is lost, whenever we die."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.kubernetes import audit
from tests.kubernetes.api_proxy import ApiProxy, Call
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.kubectl import Kubectl
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER, OperatorProcess
from tests.operator.live.test_scaling import Watched

Object = dict[str, Any]
AUTOSCALING = {"minReplicas": 1, "maxReplicas": 6, "targetRequestsPerSecond": 400}


def storage(size: str, **more: str) -> Object:
    return {"storage": {"size": size, **more}}


async def items(kubectl: Kubectl, kind: str, fleet: str) -> list[Object]:
    found = json.loads(await kubectl("get", kind, "-l", f"goproxy-operator.dev/fleet={fleet}", "-o", "json"))
    listed: list[Object] = found["items"]
    return listed


async def uids(fleet: Fleet) -> dict[str, str]:
    """Of all pods and claims."""
    found = [item for kind in ("pods", "pvc") for item in await items(fleet.kubectl, kind, fleet.name)]
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in found}


async def wait_grown(fleet: Fleet, size: str, replicas: int) -> None:
    async def grown() -> bool:
        held = await fleet.kubectl("get", "statefulset", fleet.name, "--ignore-not-found", "-o", "json")
        if not held.strip():
            return False
        template = json.loads(held)["spec"]["volumeClaimTemplates"][0]
        claims = await items(fleet.kubectl, "pvc", fleet.name)
        sizes = {template["spec"]["resources"]["requests"]["storage"]}
        sizes |= {claim["status"]["capacity"]["storage"] for claim in claims}
        return sizes == {size} and await fleet.condition("StorageResizing") is None

    await eventually(grown, f"all claims have {size}")
    await fleet.wait_ready(replicas)


@pytest.mark.usefixtures("operator", "nodes")
async def test_claims_grow_while_the_pods_run_on(control_plane: ControlPlane, fleet: Fleet) -> None:
    await fleet.apply(replicas=3, cache=storage("1Gi"))
    await fleet.wait_ready(3)
    before = await uids(fleet)
    ready_turns: list[str] = []

    async def watch_ready() -> None:
        while True:
            if (condition := await fleet.condition("Ready")) and ready_turns[-1:] != [condition[0]]:
                ready_turns.append(condition[0])
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch_ready())
    async with Watched(control_plane, fleet.kubectl.namespace) as watched:
        await fleet.apply(replicas=3, cache=storage("2Gi"))
        await wait_grown(fleet, "2Gi", 3)
    watching.cancel()
    assert ready_turns == ["True"]
    assert await uids(fleet) == before
    assert watched.numbers == [3]
    config = json.loads((await fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"])
    assert config["cache"]["sizeBytes"] == 2 * 2**30

    said: list[str] = []

    async def told() -> bool:
        events = json.loads(await fleet.kubectl("get", "events", "-o", "json"))["items"]
        said[:] = sorted(event["reason"] for event in events if event["involvedObject"]["kind"] == "GoProxy")
        return said == ["ClaimsGrowing", "Created", "Grown"]

    try:
        await eventually(told, "each of the three is told once")
    except AssertionError as e:
        raise AssertionError(f"{e}: {said}") from None


@pytest.mark.usefixtures("operator", "nodes")
async def test_a_class_that_cannot_expand_is_told_and_the_rest_of_the_object_is_carried_out(
    control_plane: ControlPlane, fleet: Fleet
) -> None:
    fixed = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "fixed"},
        "provisioner": "volumes.goproxy-operator.test",
    }
    await fleet.kubectl("apply", "-f", "-", stdin=json.dumps(fixed))
    await fleet.apply(replicas=1, cache=storage("1Gi", storageClassName="fixed"))
    await fleet.wait_ready(1)
    await fleet.apply(replicas=1, cache=storage("2Gi", storageClassName="fixed"), modules={"deny": ["github.com/evil"]})
    message = await fleet.wait_condition("Stalled", "True", "StorageCannotGrow")
    assert message == (
        "cache.storage.size 2Gi cannot be carried out: the claims' StorageClass fixed does not say "
        "allowVolumeExpansion: true; cache-team-a-0 has 1Gi, and the caches go on with 1Gi: let volumes expand, or "
        "write size 1Gi, or replace one replica after the other by an empty one of 2Gi: kubectl delete --wait=false "
        "pvc/cache-team-a-0 pod/team-a-0"
    )
    config = json.loads((await fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"])
    assert config["modules"] == {"deny": ["github.com/evil"]}
    assert config["cache"]["sizeBytes"] == 2**30
    assert (await fleet.condition("Ready") or ())[:1] == ("True",)
    await fleet.kubectl("patch", "storageclass", "fixed", "-p", '{"allowVolumeExpansion": true}')
    await fleet.kubectl("annotate", "configmap", "team-a-config-v1", "look=again")
    await wait_grown(fleet, "2Gi", 1)


@pytest.mark.timeout(180, func_only=True)
@pytest.mark.usefixtures("operator", "nodes")
async def test_claims_of_a_former_fleet_grow_to_what_is_asked_for_now(fleet: Fleet) -> None:
    await fleet.apply(replicas=2, cache=storage("1Gi"))
    await fleet.wait_ready(2)
    await fleet.kubectl("delete", "goproxy", "team-a", "--timeout=30s")

    async def gone() -> bool:
        return not (await fleet.kubectl("get", "pods", "-o", "name")).strip()

    # The garbage collector looks for new kinds of owners twice a minute.
    await eventually(gone, "its pods are gone", 100)
    await fleet.apply(replicas=1, cache=storage("2Gi"))
    await wait_grown(fleet, "2Gi", 1)


@pytest.fixture
async def proxy(control_plane: ControlPlane) -> AsyncIterator[ApiProxy]:
    async with ApiProxy(control_plane) as listening:
        yield listening


@pytest.mark.timeout(280, func_only=True)
@pytest.mark.usefixtures("nodes", "installed")
async def test_killed_after_each_single_call_it_always_converges(
    control_plane: ControlPlane, fleet: Fleet, proxy: ApiProxy, tmp_path: Path
) -> None:
    token = await asyncio.to_thread(control_plane.service_account_token, "goproxy-operator", "goproxy-operator")
    kubeconfig = proxy.kubeconfig(tmp_path / "proxy.kubeconfig", token)

    def operator(name: str) -> OperatorProcess:
        return OperatorProcess(
            kubeconfig, tmp_path / f"{name}.log", f"--namespace={fleet.kubectl.namespace}", "--scrape-interval=60s"
        )

    async def grow(kill_at: int) -> bool:
        """Grow a fleet of its own; the operator dies right after its kill_at-th write. False if it made fewer."""
        one = Fleet(fleet.kubectl, f"fleet-{kill_at}")
        await fleet.kubectl("delete", "lease", "goproxy-operator", "-n", "goproxy-operator", "--ignore-not-found")
        async with operator(f"first-{kill_at}") as first:
            await one.apply(autoscaling=AUTOSCALING, cache=storage("1Gi"))
            await one.wait_ready(1)
            await one.kubectl("scale", f"statefulset/{one.name}", "--replicas=3")
            await one.wait_ready(3)
            before = await uids(one)
            async with Watched(control_plane, one.kubectl.namespace) as watched:
                start = proxy.writes
                died = asyncio.Event()

                async def kill(call: Call) -> web.Response | None:
                    if call.write - start == kill_at:
                        first.kill()
                        died.set()
                    return None

                proxy.after = kill
                await one.apply(autoscaling=AUTOSCALING, cache=storage("2Gi"))
                if kill_at:
                    growing = asyncio.create_task(wait_grown(one, "2Gi", 3))
                    dying = asyncio.create_task(died.wait())
                    await asyncio.wait({growing, dying}, return_when=asyncio.FIRST_COMPLETED)
                    dying.cancel()
                    if not died.is_set():
                        await growing
                        return False
                    growing.cancel()
                    await first.ended()
                    lease = ("delete", "lease", "goproxy-operator", "-n", "goproxy-operator")
                    await fleet.kubectl(*lease)
                    async with operator(f"second-{kill_at}"):
                        await wait_grown(one, "2Gi", 3)
                        await asyncio.sleep(0.2)
                else:
                    await wait_grown(one, "2Gi", 3)
            numbers = watched.by_name.get(one.name, [])
            assert set(numbers) == {3}, f"killed after write {kill_at}: {numbers}"
            assert await uids(one) == before, f"killed after write {kill_at}"
        await fleet.kubectl("delete", "goproxy", one.name)
        return True

    at = 1
    while await grow(at):
        at += 1
    # Three claims, the StatefulSet's end and its return, who owns the number: at least so many steps were cut.
    assert at > 6


@pytest.mark.usefixtures("nodes")
async def test_a_stateful_set_that_is_gone_comes_back_with_the_replicas_that_run(
    control_plane: ControlPlane, fleet: Fleet, new_operator: StartOperator
) -> None:
    async with new_operator():
        await fleet.apply(autoscaling=AUTOSCALING)
        await fleet.wait_ready(1)
        await fleet.kubectl("scale", "statefulset/team-a", "--replicas=4")
        await fleet.wait_ready(4)
    before = await uids(fleet)
    await fleet.kubectl("delete", "statefulset/team-a", "--cascade=orphan", "--timeout=30s")
    async with Watched(control_plane, fleet.kubectl.namespace) as watched, new_operator():
        await eventually(lambda: bool(watched.numbers), "the StatefulSet is back")
        await fleet.wait_ready(4)
    assert watched.numbers == [4]
    assert await uids(fleet) == before


@pytest.mark.usefixtures("nodes")
async def test_a_scaled_in_replica_leaves_its_claim_for_its_return_and_only_for_so_long(
    control_plane: ControlPlane, fleet: Fleet, new_operator: StartOperator
) -> None:
    async def claims() -> dict[str, bool]:
        """Each claim, and whether it is marked as idle."""
        return {
            item["metadata"]["name"][-1]: "goproxy-operator.dev/idle-since" in item["metadata"].get("annotations", {})
            for item in await items(fleet.kubectl, "pvc", "team-a")
        }

    async with new_operator("--keep-idle-claims=1h"):
        await fleet.apply(replicas=3)
        await fleet.wait_ready(3)
        before = await uids(fleet)
        await fleet.apply(replicas=1)
        await fleet.wait_ready(1)

        async def marked() -> bool:
            return await claims() == {"0": False, "1": True, "2": True}

        await eventually(marked, "the claims that nobody uses are marked")
        await fleet.apply(replicas=2)
        await fleet.wait_ready(2)

        async def used_again() -> bool:
            return await claims() == {"0": False, "1": False, "2": True}

        await eventually(used_again, "the claim of the replica that came back is not marked any more")
        assert (await uids(fleet))["cache-team-a-1"] == before["cache-team-a-1"]
    mark = control_plane.audit.mark()
    async with new_operator("--keep-idle-claims=1s"):

        async def reaped() -> bool:
            return await claims() == {"0": False, "1": False}

        await eventually(reaped, "the claim that nobody used for long is gone")
    deleted = audit.matching(control_plane.audit.since(mark), user=USER, verbs="delete")
    assert [(call.resource, call.name) for call in deleted] == [("persistentvolumeclaims", "cache-team-a-2")]
