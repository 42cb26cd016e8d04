"""One object from its first apply to its end: children, status, no needless write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.conftest import ApplyClass, StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER, OperatorProcess

CHILDREN = [
    "configmap/team-a-config-v1",
    "networkpolicy.networking.k8s.io/team-a",
    "poddisruptionbudget.policy/team-a",
    "service/team-a",
    "service/team-a-replicas",
    "serviceaccount/team-a",
    "statefulset.apps/team-a",
]


def writes(calls: Collection[audit.Call], user: str = USER) -> list[str]:
    """What the operator wrote, but for its Lease."""
    made = audit.matching(calls, user=user, verbs=audit.WRITES)
    return [f"{call.verb} {call.resource}/{call.subresource} {call.name}" for call in made if call.resource != "leases"]


@pytest.mark.usefixtures("operator", "nodes")
async def test_an_object_gets_children_and_becomes_ready(control_plane: ControlPlane, fleet: Fleet) -> None:
    mark = control_plane.audit.mark()
    await fleet.apply()
    await fleet.wait_ready(2)
    assert await fleet.children() == CHILDREN

    status = await fleet.status()
    assert status["selector"] == "goproxy-operator.dev/fleet=team-a"
    assert status["endpoint"] == f"http://team-a.{fleet.kubectl.namespace}.svc:8080"
    pods = await fleet.kubectl("get", "pods", "-l", status["selector"], "-o", "name")
    assert pods.split() == ["pod/team-a-0", "pod/team-a-1"]
    assert await fleet.kubectl("get", "pvc", "-l", status["selector"], "-o", "jsonpath={.items[*].status.phase}") == (
        "Bound Bound"
    )

    made = writes(control_plane.audit.since(mark))
    children = [write for write in made if "goproxies" not in write and "events" not in write]
    assert len(children) == len(CHILDREN), children
    assert len([write for write in made if "events" in write]) == 1, made  # that the fleet is created
    assert len(made) - len(children) <= 9, made  # the status: each turn of a condition or a count


@pytest.mark.usefixtures("operator", "nodes")
async def test_columns(fleet: Fleet) -> None:
    await fleet.apply(replicas=1)
    await fleet.wait_ready(1)
    columns = ["NAME", "READY", "REASON", "HIT%", "RPS", "STORAGE%", "ENDPOINT", "AGE"]
    header, row = (await fleet.kubectl("get", "goproxies")).splitlines()
    assert header.split() == columns
    cells = row.split()
    assert cells[:3] == ["team-a", "1/1", "Serving"]
    assert cells[-2] == f"http://team-a.{fleet.kubectl.namespace}.svc:8080"
    header, row = (await fleet.kubectl("get", "gop", "-o", "wide")).splitlines()
    assert header.split() == [*columns, "CLASS", "MESSAGE"]
    assert row.endswith("1 of 1 replicas are ready")


@pytest.mark.usefixtures("operator", "nodes")
async def test_words_for_kubectl(fleet: Fleet, apply_class: ApplyClass) -> None:
    await apply_class()
    await fleet.apply(replicas=1)
    await fleet.wait_ready(1)
    name = "goproxy.goproxy-operator.dev/team-a"
    for word in ("gop", "goproxy", "goproxies"):
        assert (await fleet.kubectl("get", word, "team-a", "-o", "name")).split() == [name]
    of_class = "goproxyclass.goproxy-operator.dev/standard"
    assert (await fleet.kubectl("get", "gopc", "standard", "-o", "name")).split() == [of_class]
    assert set((await fleet.kubectl("get", "goproxy-operator", "-o", "name")).split()) == {name, of_class}


@pytest.mark.usefixtures("nodes")
async def test_events_of_what_goes_as_it_should(fleet: Fleet, new_operator: StartOperator) -> None:
    async def told() -> list[str]:
        selector = f"involvedObject.kind=GoProxy,involvedObject.name={fleet.name}"
        found = json.loads(await fleet.kubectl("get", "events", f"--field-selector={selector}", "-o", "json"))
        return sorted(f"{each['type']} {each['reason']}: {each['message']}" for each in found["items"])

    expected = [
        "Normal Created: the fleet's children are made; replicas asked for: 2",
        "Normal RolledOut: all 3 replicas run what is asked for",
        "Normal Scaled: from 2 to 3 replicas",
    ]
    async with new_operator() as operator:
        await fleet.apply()
        await fleet.wait_ready(2)
        await fleet.apply(replicas=3)
        await fleet.wait_ready(3)
        await fleet.apply(replicas=3, pod={"labels": {"tier": "build"}})

        async def as_expected() -> bool:
            return await told() == expected

        await eventually(as_expected, "each is told", 60)
        await operator.stop()
    async with new_operator() as operator:
        await operator.leading()
        await asyncio.sleep(2)
    assert await told() == expected


@pytest.mark.usefixtures("nodes")
async def test_ten_resyncs_write_nothing(
    control_plane: ControlPlane, fleet: Fleet, new_operator: StartOperator
) -> None:
    async with new_operator("--resync=200ms", "--scrape-interval=200ms") as operator:
        await fleet.apply(
            autoscaling={"minReplicas": 2, "maxReplicas": 5, "targetRequestsPerSecond": 400, "provider": "Builtin"}
        )
        await Fleet(fleet.kubectl, "team-b").apply(
            modules={"allow": ["github.com/acme"], "allowlistConfigMapName": "missing"},
            pod={
                "resources": {"requests": {"cpu": "0.25", "memory": "1024Mi"}},
                "tolerations": [{"operator": "Exists"}],
            },
            cache={"storage": {"size": "2048Mi", "whenDeleted": "Delete"}},
        )
        await fleet.wait_ready(2)
        await Fleet(fleet.kubectl, "team-b").wait_ready(2)
        await fleet.wait_condition("AutoscalingActive", "False", "BuiltinNotEnabled")
        await asyncio.sleep(1)

        mark = control_plane.audit.mark()
        lists = 0

        async def ten_resyncs() -> bool:
            nonlocal lists
            calls = control_plane.audit.since(mark)
            lists = len(audit.matching(calls, user=USER, verbs="list", resource="goproxies"))
            return lists >= 10

        await eventually(ten_resyncs, "ten resyncs are made")
        assert writes(control_plane.audit.since(mark)) == []
        assert "fault of the operator" not in operator.log


@pytest.mark.usefixtures("nodes")
async def test_a_restart_writes_nothing(control_plane: ControlPlane, fleet: Fleet, new_operator: StartOperator) -> None:
    async with new_operator() as operator:
        await fleet.apply()
        await fleet.wait_ready(2)
        await asyncio.sleep(0.5)
        assert await operator.stop() == 0
    mark = control_plane.audit.mark()
    async with new_operator() as operator:
        await operator.leading()

        async def reconciled() -> bool:
            return await operator.metric("goproxy_operator_reconcile_seconds_count") >= 1

        await eventually(reconciled, "the object is looked at")
        await asyncio.sleep(0.5)
    assert writes(control_plane.audit.since(mark)) == []


@pytest.mark.usefixtures("operator", "nodes")
async def test_nothing_of_the_object_but_its_status_is_written(fleet: Fleet, control_plane: ControlPlane) -> None:
    mark = control_plane.audit.mark()
    await fleet.apply()
    await fleet.wait_ready(2)
    metadata = (await fleet.get())["metadata"]
    assert "finalizers" not in metadata
    assert set(metadata.get("annotations", {})) == {"kubectl.kubernetes.io/last-applied-configuration"}
    calls = audit.matching(control_plane.audit.since(mark), user=USER, resource="goproxies", verbs=audit.WRITES)
    assert {call.subresource for call in calls} == {"status"}


@pytest.mark.usefixtures("operator", "nodes")
async def test_deleting_leaves_nothing_but_retained_claims(fleet: Fleet) -> None:
    gone = Fleet(fleet.kubectl, "team-b")
    await fleet.apply()
    await gone.apply(cache={"storage": {"whenDeleted": "Delete"}})
    await fleet.wait_ready(2)
    await gone.wait_ready(2)
    await fleet.kubectl("delete", "goproxies", "--all", "--timeout=30s")

    async def nothing_left() -> bool:
        pods = await fleet.kubectl("get", "pods", "-o", "name")
        return not pods.strip() and await fleet.children() == [] and await gone.children() == []

    await eventually(nothing_left, "children and pods are gone")

    async def claims() -> bool:
        left = await fleet.kubectl("get", "pvc", "-o", "name")
        return left.split() == [
            "persistentvolumeclaim/cache-team-a-0",
            "persistentvolumeclaim/cache-team-a-1",
        ]

    await eventually(claims, "only retained claims are left")
    await asyncio.sleep(1)
    assert await fleet.children() == []


@pytest.mark.usefixtures("operator", "nodes")
async def test_drift_is_set_right(fleet: Fleet) -> None:
    await fleet.apply()
    await fleet.wait_ready(2)
    await fleet.kubectl("patch", "service/team-a", "-p", '{"spec":{"selector":{"goproxy-operator.dev/fleet":"x"}}}')
    await fleet.kubectl("scale", "statefulset/team-a", "--replicas=5")
    await fleet.kubectl("label", "configmap/team-a-config-v1", "goproxy-operator.dev/fleet-")
    await fleet.kubectl("delete", "poddisruptionbudget/team-a")

    async def right() -> bool:
        service = await fleet.get("service")
        return (
            service["spec"]["selector"] == {"goproxy-operator.dev/fleet": "team-a"}
            and (await fleet.get("statefulset"))["spec"]["replicas"] == 2
            and await fleet.children() == CHILDREN
        )

    await eventually(right, "the children are as they were")
    await fleet.wait_ready(2)


@pytest.mark.usefixtures("operator", "nodes")
async def test_what_is_not_ours_is_left_alone(fleet: Fleet) -> None:
    await fleet.kubectl("create", "service", "clusterip", "team-a", "--tcp=80")
    before = await fleet.get("service")
    await fleet.apply()
    message = await fleet.wait_condition("Stalled", "True", "NameConflict")
    assert message == (
        "Service team-a exists and does not belong to this GoProxy, so it is left alone: delete or rename it, "
        "or give the GoProxy another name"
    )
    assert await fleet.get("service") == before

    async def told() -> bool:
        events = await fleet.kubectl("get", "events", "--field-selector=involvedObject.kind=GoProxy", "-o", "json")
        said = [(event["reason"], event["message"]) for event in json.loads(events)["items"]]
        return said == [("NameConflict", message)]

    await eventually(told, "one Event says the same")

    await fleet.kubectl("delete", "service", "team-a")
    await fleet.wait_ready(2)
    assert await fleet.condition("Stalled") is None


@pytest.mark.usefixtures("operator", "nodes")
async def test_the_rights_that_users_grant_suffice(control_plane: ControlPlane, fleet: Fleet) -> None:
    mark = control_plane.audit.mark()
    await fleet.kubectl("create", "configmap", "shared", "--from-literal=modules=github.com/acme")
    await fleet.kubectl("create", "service", "clusterip", "team-b", "--tcp=80")
    await Fleet(fleet.kubectl, "team-b").apply()
    await fleet.apply(
        modules={"allowlistConfigMapName": "shared"},
        autoscaling={"maxReplicas": 3, "targetRequestsPerSecond": 9, "provider": "Builtin"},
    )
    await fleet.wait_ready(1)
    await Fleet(fleet.kubectl, "team-b").wait_condition("Stalled", "True", "NameConflict")
    await fleet.apply(replicas=2)
    await fleet.wait_ready(2)
    calls = audit.matching(control_plane.audit.since(mark), user=USER)
    assert len(calls) > 20
    assert [f"{call.verb} {call.uri}" for call in calls if call.code == 403] == []


@pytest.mark.usefixtures("nodes", "installed")
async def test_a_whole_cluster_is_looked_after_with_the_same_rights(
    control_plane: ControlPlane, fleet: Fleet, installed: Path, tmp_path: Path
) -> None:
    mark = control_plane.audit.mark()
    async with OperatorProcess(installed, tmp_path / "operator.log") as operator:
        await operator.leading()
        await fleet.apply()
        await fleet.wait_ready(2)
    calls = audit.matching(control_plane.audit.since(mark), user=USER)
    # Namespaces of former tests are on their way out, and take nothing new any more: that is no missing right.
    ours = [call for call in calls if call.namespace in ("", fleet.kubectl.namespace)]
    assert [f"{call.verb} {call.uri}" for call in ours if call.code == 403] == []


@pytest.mark.usefixtures("operator", "nodes")
async def test_suspended_nothing_is_changed(control_plane: ControlPlane, fleet: Fleet) -> None:
    await fleet.apply(replicas=2)
    await fleet.wait_ready(2)
    await fleet.apply(replicas=5, suspend=True, modules={"deny": ["github.com/evil"]})
    assert await fleet.wait_condition("Ready", "True", "Suspended") == (
        "spec.suspend is true, so nothing is changed; generation 1 is in force; 2 of 2 replicas are ready"
    )
    mark = control_plane.audit.mark()
    await fleet.kubectl("delete", "poddisruptionbudget/team-a")
    await fleet.kubectl("scale", "statefulset/team-a", "--replicas=3")

    async def counted() -> bool:
        return (await fleet.status()).get("readyReplicas") == 3

    await eventually(counted, "what others do is still told")
    made = audit.matching(control_plane.audit.since(mark), user=USER, verbs=audit.WRITES)
    assert {call.resource for call in made} <= {"goproxies", "leases"}
    assert await fleet.condition("Reconciling") is None

    await fleet.apply(replicas=5)
    await fleet.wait_ready(5)
    assert "poddisruptionbudget.policy/team-a" in await fleet.children()


@pytest.mark.usefixtures("operator", "nodes")
async def test_what_the_api_server_refuses_of_a_child_is_told(fleet: Fleet) -> None:
    def without_values(**more: Any) -> dict[str, Any]:
        expressions = [{"key": "disk", "operator": "In", **more}]
        terms = {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
        return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}

    await fleet.apply(pod=without_values())
    message = await fleet.wait_condition("Stalled", "True", "Refused")
    assert message.startswith('the API server refused: StatefulSet.apps "team-a" is invalid: ')
    assert "matchExpressions[0].values: Required value" in message
    await fleet.apply(pod=without_values(values=["ssd"]))
    await fleet.wait_ready(2)


@pytest.mark.usefixtures("operator", "nodes")
async def test_what_only_the_operator_sees_to_be_wrong_leaves_the_children_as_they_are(fleet: Fleet) -> None:
    await fleet.apply()
    await fleet.wait_ready(2)
    before = (await fleet.get("configmap", "team-a-config-v1"))["data"]
    await fleet.apply(modules={"deny": ["example.com/[z-a]"]}, replicas=5)
    message = await fleet.wait_condition("Stalled", "True", "InvalidSpec")
    assert message == (
        "spec.modules.deny[0]: 'example.com/[z-a]' has the range z-a, which is empty: write the lower end first"
    )
    assert (await fleet.get("configmap", "team-a-config-v1"))["data"] == before
    assert (await fleet.get("statefulset"))["spec"]["replicas"] == 2
    assert (await fleet.status())["readyReplicas"] == 2
    await fleet.apply(modules={"deny": ["example.com/[a-z]"]})
    await fleet.wait_ready(2)
    assert await fleet.condition("Stalled") is None
