"""Parents: consent is given and withdrawn, loops are told, what is deleted drops out; and nothing is written twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from modproxy.contract.config import Config, parse_config
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.kubectl import Kubectl
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER

pytestmark = pytest.mark.usefixtures("installed")
CONSENT = {"access": {"children": {"namespaces": "Same"}}}


def naming(name: str) -> dict[str, Any]:
    return {"cache": {"parent": {"name": name}}}


async def config_of(fleet: Fleet) -> Config:
    text = await fleet.kubectl("get", "configmap", f"{fleet.name}-config-v1", "-o", "jsonpath={.data.config\\.json}")
    return parse_config(text)


async def parent_of(fleet: Fleet) -> str | None:
    parent = (await config_of(fleet)).cache.parent
    return parent.name if parent is not None else None


async def children_of(fleet: Fleet) -> list[str]:
    """Of a config and of a NetworkPolicy: the fleets that may ask, by name."""
    peers = (await config_of(fleet)).peers
    assert peers is not None and peers.proof is not None
    listed = [account.partition("/")[2] for account in peers.proof.children]
    (rule,) = [
        one for one in (await fleet.get("networkpolicy"))["spec"]["ingress"] if one["ports"][0]["port"] == "peers"
    ]
    assert rule["from"][0]["podSelector"] == {"matchLabels": {"goproxy-operator.dev/fleet": fleet.name}}
    let_in = [name for one in rule["from"][1:] for name in one["podSelector"]["matchExpressions"][0]["values"]]
    assert let_in == sorted(listed)
    return let_in


async def wait_children(fleet: Fleet, *names: str) -> None:
    async def listed() -> bool:
        return (await config_of(fleet)).peers.proof.children == tuple(  # type: ignore[union-attr]  # each fleet has it
            f"{fleet.kubectl.namespace}/{name}" for name in names
        )

    await eventually(listed, f"{fleet.name} has the children {names}")

    async def let_in() -> bool:
        return await children_of(fleet) == list(names)

    await eventually(let_in, "the NetworkPolicy says the same")


@pytest.mark.usefixtures("operator")
async def test_a_parent_is_used_by_consent_alone(kubectl: Kubectl, control_plane: ControlPlane) -> None:
    org, team, other = Fleet(kubectl, "org-cache"), Fleet(kubectl, "team-a"), Fleet(kubectl, "team-b")
    await team.apply(replicas=0, **naming("org-cache"))
    assert "there is no GoProxy" in await team.wait_condition("ParentReady", "False", "ParentNotFound")
    assert await parent_of(team) is None
    await org.apply(replicas=0)
    said = await team.wait_condition("ParentReady", "False", "ParentNotConsenting")
    assert "write access.children there" in said and "upstream is asked at once" in said
    assert (await team.condition("Ready") or ("", "", ""))[1] == "ScaledToZero", "nothing else is held up"
    ports = [port["name"] for port in (await org.get("service"))["spec"]["ports"]]
    assert ports == ["http"]

    await org.apply(replicas=0, **CONSENT)
    await team.wait_condition("ParentReady", "True", "ParentInUse")
    assert await parent_of(team) == f"{kubectl.namespace}/org-cache"
    assert (await team.status())["parent"] == {"name": f"{kubectl.namespace}/org-cache", "used": True}
    await wait_children(org, "team-a")
    assert (await config_of(org)).access is None, "clients may do what they could"
    assert [port["name"] for port in (await org.get("service"))["spec"]["ports"]] == ["http", "peers"]
    await other.apply(replicas=0, pod={"serviceAccountName": "default"}, **naming("org-cache"))
    await other.wait_condition("ParentReady", "True", "ParentInUse")

    async def by_account() -> bool:
        peers = (await config_of(org)).peers
        return peers is not None and peers.proof is not None and len(peers.proof.children) == 2

    await eventually(by_account, "the second child is listed")
    peers = (await config_of(org)).peers
    assert peers is not None and peers.proof is not None
    assert peers.proof.children == (f"{kubectl.namespace}/default", f"{kubectl.namespace}/team-a")
    assert peers.proof.peers == (f"{kubectl.namespace}/org-cache",)

    await kubectl("delete", "goproxy/team-b")
    await wait_children(org, "team-a")
    await org.apply(replicas=0)
    await team.wait_condition("ParentReady", "False", "ParentNotConsenting")
    assert await parent_of(team) is None
    await wait_children(org)
    await org.apply(replicas=0, **CONSENT)
    await team.wait_condition("ParentReady", "True", "ParentInUse")
    await kubectl("delete", "goproxy/org-cache")
    await team.wait_condition("ParentReady", "False", "ParentNotFound")
    assert await parent_of(team) is None
    await asyncio.sleep(2)
    mark = control_plane.audit.mark()
    await asyncio.sleep(3)
    assert writes(control_plane, mark, kubectl.namespace) == []


async def test_a_loop_is_told_and_broken_and_a_restart_writes_nothing(
    kubectl: Kubectl, control_plane: ControlPlane, new_operator: StartOperator
) -> None:
    fleets = [Fleet(kubectl, name) for name in ("one", "two", "three")]
    async with new_operator("--scrape-interval=500ms") as operator:
        await operator.leading()
        for fleet, parent in zip(fleets, ("two", "three", "one"), strict=True):
            await fleet.apply(replicas=0, **CONSENT, **naming(parent))
        below = Fleet(kubectl, "below")
        await below.apply(replicas=0, **naming("two"))
        for fleet in fleets:
            said = await fleet.wait_condition("ParentReady", "False", "ParentLoop")
            assert await parent_of(fleet) is None
        where = kubectl.namespace
        assert f"{where}/three -> {where}/one -> {where}/two -> {where}/three" in said
        await below.wait_condition("ParentReady", "True", "ParentInUse")
        await fleets[2].apply(replicas=0, **CONSENT)
        for fleet in fleets[:2]:
            await fleet.wait_condition("ParentReady", "True", "ParentInUse")
        await wait_children(fleets[1], "below", "one")
        await wait_children(fleets[2], "two")
        assert await fleets[2].condition("ParentReady") is None
        await asyncio.sleep(2)
        mark = control_plane.audit.mark()
        await asyncio.sleep(3)
        assert writes(control_plane, mark, where) == []
        await operator.stop()
    mark = control_plane.audit.mark()
    async with new_operator("--scrape-interval=500ms") as second:
        await second.leading()

        async def looked() -> bool:
            return await second.metric("goproxy_operator_reconcile_seconds_count") >= 4

        await eventually(looked, "all are looked at")
        await asyncio.sleep(3)
    assert writes(control_plane, mark, where) == []


@pytest.mark.usefixtures("operator")
async def test_labels_of_a_namespace_and_a_class_say_who_is_a_child(kubectl: Kubectl, apply_class: Any) -> None:
    org, team = Fleet(kubectl, "org-cache"), Fleet(kubectl, "team-a")
    selector = {"matchLabels": {"example.com/tier": "build"}}
    consent = {"access": {"children": {"namespaces": "Selector", "selector": selector}}}
    await apply_class(profile="Privileged", defaults={})
    await org.apply(replicas=0, **consent)
    await team.apply(replicas=0)
    await apply_class(profile="Privileged", defaults=naming("org-cache"))
    said = await team.wait_condition("ParentReady", "False", "ParentNotConsenting")
    assert "example.com/tier=build" in said
    assert await org.condition("ParentReady") is None, "a class may name one parent for all its fleets"
    await kubectl("label", "namespace", kubectl.namespace, "example.com/tier=build")
    await team.wait_condition("ParentReady", "True", "ParentInUse")
    await wait_children(org, "team-a")
    await kubectl("label", "namespace", kubectl.namespace, "example.com/tier-")
    await team.wait_condition("ParentReady", "False", "ParentNotConsenting")
    await wait_children(org)


def writes(control_plane: ControlPlane, mark: audit.Mark, namespace: str) -> list[str]:
    made = audit.matching(control_plane.audit.since(mark), user=USER, verbs=audit.WRITES, namespace=namespace)
    return [f"{call.verb} {call.resource}/{call.subresource} {call.name}" for call in made]
