"""A class that denies more than before: no tenant keeps it from a fleet, whatever the object says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.conftest import ApplyClass, StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER

Object = dict[str, Any]
OWN = {"modules": {"deny": ["github.com/own"]}}
EVASIONS: list[tuple[str, Object, str]] = [
    ("suspended", OWN | {"suspend": True}, ""),
    ("in breach", OWN | {"replicas": 9}, "ClassLimitExceeded"),
    ("wrong", {"modules": {"deny": ["example.com/[z-a]"]}}, "InvalidSpec"),
    ("of no class", OWN | {"className": "none"}, "ClassNotAdmitted"),
    ("suspended and in breach", OWN | {"replicas": 9, "suspend": True}, "ClassLimitExceeded"),
]


async def modules(fleet: Fleet) -> Object:
    held = await fleet.get("configmap", "team-a-config-v1")
    found: Object = json.loads(held["data"]["config.json"])["modules"]
    return found


async def wait_imposed(fleet: Fleet, *deny: str) -> None:
    async def imposed() -> bool:
        return bool((await modules(fleet))["imposed"]["deny"] == list(deny))

    await eventually(imposed, f"{deny} is denied")


@pytest.mark.usefixtures("nodes")
async def test_what_a_class_denies_from_now_on_reaches_the_fleet(
    control_plane: ControlPlane, fleet: Fleet, apply_class: ApplyClass, new_operator: StartOperator
) -> None:
    async def impose(*deny: str) -> None:
        await apply_class(limits={"maxReplicas": 2}, modules={"deny": list(deny)})

    async with new_operator("--resync=200ms") as operator:
        await impose("github.com/evil")
        await fleet.apply(replicas=1, **OWN)
        await fleet.wait_ready(1)
        before = await fleet.get("statefulset")
        for number, (how, spec, reason) in enumerate(EVASIONS):
            await fleet.apply(**({"replicas": 1} | spec))
            if reason:
                await fleet.wait_condition("Stalled", "True", reason)
            else:
                await fleet.wait_condition("Ready", "True", "Suspended")
            mark = control_plane.audit.mark()
            await impose("github.com/evil", f"github.com/worse-{number}")
            await wait_imposed(fleet, "github.com/evil", f"github.com/worse-{number}")
            assert (await modules(fleet))["deny"] == ["github.com/own"], how
            assert (await fleet.get("statefulset"))["spec"] == before["spec"], how
            looks = await operator.metric("goproxy_operator_reconcile_seconds_count") + 10

            async def looked(looks: float = looks) -> bool:
                return await operator.metric("goproxy_operator_reconcile_seconds_count") >= looks

            await eventually(looked, "it was looked at ten times more")
            made = audit.matching(
                control_plane.audit.since(mark), user=USER, verbs=audit.WRITES, namespace=fleet.kubectl.namespace
            )
            written = [call.resource for call in made if call.resource != "goproxies"]
            assert written in (["configmaps"], ["configmaps", "pods"]), how
        await fleet.apply(replicas=1, **OWN)
        await fleet.wait_ready(1)
        assert await fleet.condition("Stalled") is None
        assert (await fleet.get("statefulset"))["spec"] == before["spec"]
        assert (await modules(fleet))["imposed"]["deny"] == ["github.com/evil", f"github.com/worse-{len(EVASIONS) - 1}"]
        managers = {
            entry["manager"]
            for entry in json.loads(
                await fleet.kubectl("get", "configmap/team-a-config-v1", "-o", "json", "--show-managed-fields")
            )["metadata"]["managedFields"]
        }
        assert managers == {"goproxy-operator"}


@pytest.mark.usefixtures("nodes")
async def test_a_map_that_its_tenant_makes_immutable_does_not_keep_the_rules_away(
    fleet: Fleet, apply_class: ApplyClass, new_operator: StartOperator
) -> None:
    async with new_operator("--resync=200ms"):
        await apply_class(modules={"deny": ["github.com/evil"]})
        await fleet.apply(replicas=1)
        await fleet.wait_ready(1)
        for number, suspend in enumerate((False, True)):
            await fleet.apply(replicas=1, suspend=suspend)
            if suspend:
                await fleet.wait_condition("Ready", "True", "Suspended")
            before = await fleet.get("configmap", "team-a-config-v1")
            freeze = ("patch", "configmap/team-a-config-v1", "--type=merge", "-p", '{"immutable": true}')
            await fleet.kubectl(*freeze)
            await apply_class(modules={"deny": [f"github.com/worse-{number}"]})

            async def anew(before: Object = before, number: int = number) -> bool:
                found = json.loads(await fleet.kubectl("get", "configmaps", "-o", "json"))["items"]
                maps = [one for one in found if one["metadata"]["name"] == "team-a-config-v1"]
                return any(
                    one["metadata"]["uid"] != before["metadata"]["uid"]
                    and not one.get("immutable")
                    and f"github.com/worse-{number}" in one["data"]["config.json"]
                    for one in maps
                )

            await eventually(anew, "the map was made anew")
            assert await fleet.condition("Stalled") is None
