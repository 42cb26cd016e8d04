"""A fleet whose newest generation is not carried out: it stays Ready, and what is in force is repaired."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.conftest import ApplyClass, StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER, OperatorProcess

Object = dict[str, Any]
OWN = {"modules": {"deny": ["github.com/own"]}}


async def config(fleet: Fleet) -> Object:
    held = await fleet.get("configmap", "team-a-config-v1")
    found: Object = json.loads(held["data"]["config.json"])
    return found


async def disturb(fleet: Fleet) -> None:
    """Change by hand what a fleet has, and wait until it is as it was."""
    children, deny = await fleet.children(), (await config(fleet)).get("modules")
    replicas = (await fleet.get("statefulset"))["spec"]["replicas"]
    await fleet.kubectl("delete", "networkpolicy/team-a", "configmap/team-a-config-v1", "service/team-a")
    await fleet.kubectl("scale", "statefulset/team-a", f"--replicas={replicas + 1}")

    async def repaired() -> bool:
        if await fleet.children() != children:
            return False
        same = (await fleet.get("statefulset"))["spec"]["replicas"] == replicas
        return same and (await config(fleet)).get("modules") == deny

    await eventually(repaired, "what others changed is as it was")


async def looks_write_nothing(control_plane: ControlPlane, fleet: Fleet, operator: OperatorProcess) -> None:
    await fleet.kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", "goproxy/team-a", "--timeout=20s")

    async def settled() -> bool:
        mark = control_plane.audit.mark()
        looks = await operator.metric("goproxy_operator_reconcile_seconds_count") + 10

        async def looked() -> bool:
            return await operator.metric("goproxy_operator_reconcile_seconds_count") >= looks

        await eventually(looked, "it was looked at ten times more")
        made = audit.matching(
            control_plane.audit.since(mark), user=USER, verbs=audit.WRITES, namespace=fleet.kubectl.namespace
        )
        return made == []

    await eventually(settled, "ten looks write nothing")


REFUSALS: list[tuple[str, Object, str]] = [
    ("in breach", {"replicas": 9}, "ClassLimitExceeded"),
    ("wrong", {"modules": {"deny": ["example.com/[z-a]"]}}, "InvalidSpec"),
    ("of no class", {"className": "none"}, "ClassNotAdmitted"),
]


@pytest.mark.usefixtures("nodes")
async def test_what_is_in_force_is_repaired_and_told(
    control_plane: ControlPlane, fleet: Fleet, apply_class: ApplyClass, new_operator: StartOperator
) -> None:
    async with new_operator("--resync=200ms") as operator:
        await operator.leading()
        await apply_class(limits={"maxReplicas": 3}, modules={"deny": ["github.com/evil"]})
        await fleet.apply(replicas=2, **OWN)
        await fleet.wait_ready(2)
        for _, spec, reason in REFUSALS:
            await fleet.apply(**({"replicas": 2} | OWN | spec))
            await fleet.wait_condition("Stalled", "True", reason)
            message = await fleet.wait_condition("Ready", "True", reason)
            assert message == (
                f"2 of 2 replicas are ready; generation {(await fleet.get())['metadata']['generation']} is not carried "
                "out, generation 1 is in force: see Stalled"
            )
            held = (await fleet.status())["inForce"]
            assert held == {"generation": 1, "className": "standard", "spec": {"replicas": 2} | OWN}
            await disturb(fleet)
            assert (await config(fleet))["modules"] == {
                "deny": ["github.com/own"],
                "imposed": {"by": "GoProxyClass standard", "deny": ["github.com/evil"]},
            }
            await looks_write_nothing(control_plane, fleet, operator)
        await fleet.kubectl("delete", "lease", "goproxy-operator", "-n", "goproxy-operator", "--ignore-not-found")
    async with new_operator("--resync=200ms") as operator:
        await operator.leading()
        await disturb(fleet)
        await looks_write_nothing(control_plane, fleet, operator)
        await fleet.apply(replicas=3, **OWN)
        await fleet.wait_ready(3)
        assert "inForce" not in await fleet.status()
        assert await fleet.condition("Stalled") is None


@pytest.mark.usefixtures("nodes")
async def test_a_class_that_appears_takes_nothing_from_what_runs(
    control_plane: ControlPlane, fleet: Fleet, apply_class: ApplyClass, new_operator: StartOperator
) -> None:
    ingress = {"expose": {"ingress": {"host": "goproxy.example.com"}}}
    async with new_operator("--resync=200ms") as operator:
        await operator.leading()
        await fleet.apply(replicas=2, **ingress)
        await fleet.wait_ready(2)
        await apply_class(limits={"maxReplicas": 1}, modules={"deny": ["github.com/evil"]})
        await fleet.wait_condition("Stalled", "True", "ClassLimitExceeded")
        assert await fleet.wait_condition("Ready", "True", "ClassLimitExceeded") == (
            "2 of 2 replicas are ready; generation 1 stays in force, though it is refused by now: see Stalled"
        )
        await disturb(fleet)
        assert (await config(fleet))["modules"]["imposed"]["deny"] == ["github.com/evil"]
        await fleet.kubectl("annotate", "ingress/team-a", "goproxy-operator.dev/applied-")
        await looks_write_nothing(control_plane, fleet, operator)
        await fleet.kubectl("delete", "ingress/team-a")
        await looks_write_nothing(control_plane, fleet, operator)
        assert not any("ingress" in child for child in await fleet.children()), "what a class forbids is not made anew"
        # What is in force is the spec with the defaults of its day.
        await fleet.apply(replicas=7, **ingress)
        await fleet.wait_condition("Stalled", "True", "ClassLimitExceeded")
        assert (await fleet.status())["inForce"] == {"generation": 1, "spec": {"replicas": 2, **ingress}}
        await disturb(fleet)


@pytest.mark.usefixtures("nodes")
async def test_what_nobody_saw_is_told_and_left_as_it_is(
    control_plane: ControlPlane, fleet: Fleet, apply_class: ApplyClass, new_operator: StartOperator
) -> None:
    await apply_class(limits={"maxReplicas": 3})
    async with new_operator() as operator:
        await operator.leading()
        await fleet.apply(replicas=2)
        await fleet.wait_ready(2)
    await fleet.kubectl("delete", "lease", "goproxy-operator", "-n", "goproxy-operator", "--ignore-not-found")
    await fleet.apply(replicas=9)
    async with new_operator("--resync=200ms") as operator:
        await operator.leading()
        assert await fleet.wait_condition("Ready", "True", "ClassLimitExceeded") == (
            "2 of 2 replicas are ready; generation 2 is not carried out, generation 1 is in force, and is left as it "
            "is, because the operator does not know its spec: see Stalled"
        )
        await fleet.kubectl("delete", "networkpolicy/team-a")
        await looks_write_nothing(control_plane, fleet, operator)
        assert not any("networkpolicy" in child for child in await fleet.children())


@pytest.mark.usefixtures("operator", "nodes")
async def test_a_fleet_that_was_never_accepted_has_nothing_in_force(fleet: Fleet, apply_class: ApplyClass) -> None:
    await apply_class(limits={"maxReplicas": 3})
    await fleet.apply(replicas=9)
    assert await fleet.wait_condition("Ready", "False", "ClassLimitExceeded") == (
        "0 of 0 replicas are ready; generation 1 is not carried out, nothing is in force: see Stalled"
    )
    assert "inForce" not in await fleet.status()


@pytest.mark.usefixtures("nodes")
async def test_of_what_the_api_server_refuses_the_former_child_is_repaired(
    control_plane: ControlPlane, fleet: Fleet, new_operator: StartOperator
) -> None:
    async with new_operator("--resync=200ms") as operator:
        await operator.leading()
        await fleet.apply(replicas=2)
        await fleet.wait_ready(2)
        await fleet.apply(replicas=2, image="other.example.com/x:1", modules={"deny": ["github.com/new"]})
        await fleet.wait_condition("Stalled", "True", "Refused")
        assert await fleet.wait_condition("Ready", "True", "Refused") == (
            "2 of 2 replicas are ready; generation 2 is not carried out in full; of what was refused, generation 1 is "
            "in force: see Stalled"
        )
        await disturb(fleet)
        assert (await config(fleet))["modules"] == {"deny": ["github.com/new"]}
        mark = control_plane.audit.mark()
        await fleet.kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", "goproxy/team-a", "--timeout=20s")
        assert mark is not None
        await fleet.apply(replicas=3)
        await fleet.wait_ready(3)
        assert "inForce" not in await fleet.status()
