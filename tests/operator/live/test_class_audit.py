"""A dry run of a class: nothing is refused, and its status lists whom it would refuse, in few writes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from goproxy_operator.reconcile.decide.classes import ADVICE
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.conftest import ApplyClass, StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER

Object = dict[str, Any]


async def class_status(fleet: Fleet, name: str = "standard") -> Object:
    held = json.loads(await fleet.kubectl("get", "goproxyclass", name, "-o", "json"))
    status: Object = held.get("status", {})
    return status


async def wait_breaches(fleet: Fleet, fleets: int, breaches: int) -> Object:
    async def told() -> bool:
        status = await class_status(fleet)
        return (status.get("fleets"), status.get("breaches")) == (fleets, breaches)

    await eventually(told, f"{breaches} of {fleets} fleets are listed")
    return await class_status(fleet)


@pytest.mark.usefixtures("nodes")
async def test_a_dry_run_tells_and_the_class_then_does_it(
    control_plane: ControlPlane, fleet: Fleet, apply_class: ApplyClass, new_operator: StartOperator
) -> None:
    namespace = fleet.kubectl.namespace
    many = [Fleet(fleet.kubectl, f"team-{number}") for number in range(12)]
    async with new_operator("--resync=500ms") as operator:
        await operator.leading()
        await fleet.apply(replicas=2)
        for one in many:
            await one.apply(replicas=0)
        await fleet.wait_ready(2)
        mark = control_plane.audit.mark()
        limits = {"limits": {"maxReplicas": 1}, "modules": {"deny": ["github.com/evil"]}}
        await apply_class(enforcement="Audit", **limits)
        message = await fleet.wait_condition("WithinClass", "False", "ClassLimitExceeded")
        breach = "spec.replicas 2 is more than limits.maxReplicas of GoProxyClass standard 1" + ADVICE
        assert message == f"once GoProxyClass standard is enforced, this fleet is refused: {breach}"
        status = await wait_breaches(fleet, 13, 1)
        assert status["breaching"] == [
            {"namespace": namespace, "name": "team-a", "reason": "ClassLimitExceeded", "message": breach}
        ]
        assert await fleet.condition("Stalled") is None
        assert "imposed" not in (await fleet.get("configmap", "team-a-config-v1"))["data"]["config.json"]
        await asyncio.sleep(3)
        made = audit.matching(control_plane.audit.since(mark), user=USER, verbs=audit.WRITES, resource="goproxyclasses")
        assert len(made) <= 2
        events = json.loads(await fleet.kubectl("get", "events.events.k8s.io", "-o", "json"))["items"]
        assert not any(breach in event.get("note", "") for event in events)

        row = (await fleet.kubectl("get", "goproxyclass", "standard")).splitlines()
        assert row[0].split() == [
            *("NAME", "DEFAULT", "PROFILE", "ENFORCEMENT", "MAXREPLICAS", "MAXSTORAGE", "FLEETS", "BREACHES", "AGE")
        ]
        assert row[1].split()[:4] == ["standard", "true", "Audit", "1"]

        await apply_class(enforcement="Enforce", **limits)
        await fleet.wait_condition("Stalled", "True", "ClassLimitExceeded")
        assert await fleet.condition("WithinClass") is None
        await fleet.apply(replicas=1)
        await fleet.wait_ready(1)
        status = await wait_breaches(fleet, 13, 0)
        assert "breaching" not in status
        mark = control_plane.audit.mark()
        await asyncio.sleep(5)
        made = audit.matching(control_plane.audit.since(mark), user=USER, verbs=audit.WRITES)
        assert [call.resource for call in made if call.resource not in ("leases", "goproxies")] == []
    # A process that starts has looked at nothing yet, and so tells no smaller number.
    await fleet.kubectl("delete", "lease", "goproxy-operator", "-n", "goproxy-operator", "--ignore-not-found")
    mark = control_plane.audit.mark()
    async with new_operator("--resync=500ms") as operator:
        await operator.leading()
        await asyncio.sleep(4)
    made = audit.matching(control_plane.audit.since(mark), user=USER, verbs=audit.WRITES, resource="goproxyclasses")
    assert made == []
