"""Two hundred malformed and hostile objects: each is refused with a message, or ends in a state with a reason.

None harms the operator, nor keeps a fleet of another namespace waiting, nor the API server busy.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from goproxy_operator.kube.resources import GOPROXIES
from goproxy_operator.reconcile.status.conditions import UNDER_WAY
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.kubectl import Kubectl
from tests.operator.hostile_specs import hostile_objects
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER

COUNT = 200
SEED = 6
_STRICT = {"fieldValidation": "Strict"}
_PATIENCE = aiohttp.ClientTimeout(10)
ATTENDED = ("Serving", "ScaledToZero", "NoReplicaReady", "Suspended")
"""Reasons for being ready, or not, that are no problem of the operator's: of the last but one the pods say more."""


@pytest.fixture
async def bystander(control_plane: ControlPlane) -> AsyncIterator[Fleet]:
    """A well-behaved fleet in a namespace of its own."""
    name = f"bystander-{secrets.token_hex(4)}"
    kubectl = Kubectl(control_plane, name)
    await kubectl("create", "namespace", name)
    await kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
    yield Fleet(kubectl)
    await kubectl("delete", "namespace", name, "--wait=false")


@pytest.mark.usefixtures("nodes")
@pytest.mark.timeout(400, func_only=True)
async def test_two_hundred_of_them(
    control_plane: ControlPlane,
    api: aiohttp.ClientSession,
    namespace: str,
    bystander: Fleet,
    new_operator: StartOperator,
) -> None:
    async with new_operator(f"--namespace={bystander.kubectl.namespace}") as operator:
        await operator.leading()
        await bystander.apply(replicas=1)
        await bystander.wait_ready(1)

        async with asyncio.TaskGroup() as tasks:
            creating = tasks.create_task(_create_all(api, namespace))
            tasks.create_task(_is_served(bystander, creating))
        accepted, refused = creating.result()
        assert min(len(accepted), len(refused)) > COUNT // 10, "one sort of them is hardly tried"
        unsettled: dict[str, Any] = {}

        async def settled() -> bool:
            nonlocal unsettled
            async with api.get(GOPROXIES.path(namespace)) as response:
                items = (await response.json())["items"]
            assert len(items) == len(accepted)
            unsettled = {item["metadata"]["name"]: item for item in items if not _is_told(item)}
            return not unsettled

        try:
            await eventually(settled, "each has been told how it does", 240)
        except AssertionError as e:
            shown = [{key: item.get(key) for key in ("spec", "status")} for item in unsettled.values()]
            raise AssertionError(f"{e}: {json.dumps(shown[:5])}") from None
        await _is_served(bystander)
        await eventually(lambda: _is_calm(control_plane, namespace), "nothing is written over and over", 60)
        assert "a fault of the operator" not in operator.log
        assert "Traceback" not in operator.log


async def _create_all(api: aiohttp.ClientSession, namespace: str) -> tuple[list[str], list[str]]:
    """Return the names of those that the API server takes, and what it says of the others."""
    accepted: list[str] = []
    refused: list[str] = []
    for item in hostile_objects(SEED, COUNT):
        _keep_few(item["spec"])
        async with api.post(
            GOPROXIES.path(namespace),
            params={"fieldValidation": "Strict"},
            json=item,
            timeout=aiohttp.ClientTimeout(10),
        ) as response:
            answer = await response.json()
        if response.status == 201:
            accepted.append(item["metadata"]["name"])
        else:
            assert response.status in (400, 422), answer
            assert len(answer["message"]) > 20, answer
            refused.append(answer["message"])
    return accepted, refused


async def _is_calm(control_plane: ControlPlane, namespace: str) -> bool:
    """Say whether three seconds pass without a write of the operator's that is taken."""
    mark = control_plane.audit.mark()
    await asyncio.sleep(3)
    calls = audit.matching(control_plane.audit.since(mark), user=USER, verbs=audit.WRITES, namespace=namespace)
    return not [call for call in calls if call.code in (200, 201)]


def _keep_few(spec: dict[str, Any]) -> None:
    """As many pods as two processors play in a test's time."""
    for owner in (spec, spec.get("autoscaling")):
        for field in ("replicas", "minReplicas"):
            if isinstance(owner, dict) and owner.get(field) in (75, 256):
                owner[field] = 3


def _is_told(item: dict[str, Any]) -> bool:
    conditions = {c["type"]: c for c in item.get("status", {}).get("conditions", ())}
    if item.get("status", {}).get("observedGeneration") != item["metadata"]["generation"]:
        return False
    if "Stalled" in conditions:
        return bool(conditions["Stalled"]["reason"] and conditions["Stalled"]["message"])
    # What a pod names may be missing, or refused.
    trouble = conditions.get("Reconciling", {}).get("reason") not in (None, *UNDER_WAY)
    return trouble or conditions.get("Ready", {}).get("reason") in ATTENDED


async def _is_served(fleet: Fleet, until: asyncio.Task[Any] | None = None) -> None:
    """Change the fleet, again and again until the task has ended: each change reaches its StatefulSet."""
    replicas = 1
    while True:
        replicas = 3 - replicas
        await fleet.apply(replicas=replicas)

        async def changed(wanted: int = replicas) -> bool:
            return bool((await fleet.get("statefulset"))["spec"]["replicas"] == wanted)

        await eventually(changed, f"the StatefulSet has {replicas} replicas", 10)
        if until is None or until.done():
            return
