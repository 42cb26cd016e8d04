"""What goes well warns nobody: a creation, and the switch-on of what arrives a moment later than it is asked for."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.conftest import Install, StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER, OperatorProcess

NAMED = {"allow": ["golang.org/x"], "allowlistConfigMapName": "shared"}


async def warnings(fleet: Fleet) -> list[str]:
    found = json.loads(await fleet.kubectl("get", "events", "--field-selector=type=Warning", "-o", "json"))
    ours = [event for event in found["items"] if event["involvedObject"]["kind"] == "GoProxy"]
    return [f"{event['reason']}: {event['message']}" for event in ours]


async def write_allowlist(fleet: Fleet) -> None:
    await fleet.kubectl("create", "configmap", "shared", "--from-literal=modules=github.com/acme")


@pytest.mark.usefixtures("nodes")
async def test_a_creation_warns_nobody_and_reads_no_events(
    fleet: Fleet, operator: OperatorProcess, control_plane: ControlPlane
) -> None:
    mark = control_plane.audit.mark()
    await fleet.apply()
    await fleet.wait_ready(2)
    assert await warnings(fleet) == []
    calls = control_plane.audit.since(mark)
    assert audit.matching(calls, user=USER, verbs="list", resource="events") == []
    assert "WARNING" not in operator.log


@pytest.mark.usefixtures("nodes")
async def test_an_allowlist_that_arrives_after_the_object(fleet: Fleet, operator: OperatorProcess) -> None:
    await fleet.apply(modules=NAMED)
    await fleet.wait_condition("ConfigSynced", "False", "AllowlistMissing")
    await write_allowlist(fleet)
    await fleet.wait_condition("ConfigSynced", "Unknown", "NoReports")
    await asyncio.sleep(16)
    assert await warnings(fleet) == []
    assert "WARNING" not in operator.log


@pytest.mark.usefixtures("nodes", "operator")
async def test_an_allowlist_that_does_not_arrive(fleet: Fleet) -> None:
    await fleet.apply(modules=NAMED)
    await fleet.wait_ready(2)
    assert await warnings(fleet) == []

    async def told() -> bool:
        return bool(await warnings(fleet))

    await eventually(told, "a Warning is sent", 40)
    (only,) = await warnings(fleet)
    assert only.startswith("AllowlistMissing: ConfigMap shared does not exist")


@pytest.mark.usefixtures("nodes")
async def test_the_switch_on_of_autoscaling_and_of_tls(
    fleet: Fleet, install: Install, new_operator: StartOperator
) -> None:
    await install()
    async with new_operator() as operator:
        await fleet.apply()
        await fleet.wait_ready(2)
        tls = {"secretName": "team-a-tls", "issuerRef": {"name": "ca"}}
        await fleet.apply(expose={"tls": tls}, autoscaling={"maxReplicas": 4, "targetRequestsPerSecond": 400})
        await fleet.wait_ready(2)
        await asyncio.sleep(3)
        # That nobody tells the request rate lasts, and is told when it has lasted.
        assert await warnings(fleet) == []
        assert "WARNING" not in operator.log
