"""A fleet that does not come up says on its object why, and what to do; what passes by itself warns nobody.

The stand-in's pods are brought into the states that a kubelet and a scheduler would bring them into.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from goproxy_operator.timestamps import format_time
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER, OperatorProcess

Object = dict[str, Any]
CHANGED = "2026-03-04T05:00:00Z"
"""Long ago: what has to last has lasted."""


@pytest.fixture
async def waiting(fleet: Fleet, nodes: NodeStandIn, operator: OperatorProcess) -> AsyncIterator[Fleet]:
    """A fleet of two whose pods are there, and of which none is ready."""
    await nodes.set_ready(lambda _: False)
    await fleet.apply()
    await has_pods(fleet, 2)
    yield fleet
    assert "fault of the operator" not in operator.log


async def has_pods(fleet: Fleet, number: int) -> None:
    async def there() -> bool:
        ips = await fleet.kubectl("get", "pods", "-o", "jsonpath={.items[*].status.podIP}")
        return len(ips.split()) == number

    await eventually(there, f"{number} pods have started")


async def patch_status(fleet: Fleet, pod: str, **status: Any) -> None:
    await fleet.kubectl(
        "patch", "pod", pod, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status})
    )


def container(*, restarts: int = 0, last: Object | None = None, **state: Object) -> list[Object]:
    ended = {"terminated": last} if last else {}
    common = {"name": "modproxy", "image": "modproxy:1", "imageID": "", "ready": False, "restartCount": restarts}
    return [common | {"state": state, "lastState": ended}]


def not_ready(*others: Object) -> list[Object]:
    return [{"type": "Ready", "status": "False", "lastTransitionTime": CHANGED}, *others]


async def post_event(fleet: Fleet, kind: str, name: str, reason: str, message: str) -> None:
    """Tell an Event as a kubelet or a controller does: by the core API."""
    metadata = (await fleet.get(kind, name))["metadata"]
    about = {"kind": {"pod": "Pod", "pvc": "PersistentVolumeClaim"}[kind], "name": name, "uid": metadata["uid"]}
    now = format_time(datetime.now(UTC))
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{name}."},
        "involvedObject": about | {"namespace": metadata["namespace"]},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "source": {"component": "kubelet"},
    }
    await fleet.kubectl("create", "-f", "-", stdin=json.dumps(event))


async def told(fleet: Fleet, kind: str = "Warning") -> list[tuple[str, str]]:
    """The Events about the object."""
    selector = f"involvedObject.kind=GoProxy,involvedObject.name={fleet.name},type={kind}"
    found = json.loads(await fleet.kubectl("get", "events", f"--field-selector={selector}", "-o", "json"))
    return [(event["reason"], event["message"]) for event in found["items"]]


async def wait_told(fleet: Fleet, reason: str) -> str:
    async def holds() -> bool:
        return reason in [each for each, _ in await told(fleet)]

    await eventually(holds, f"a Warning {reason} is sent")
    (message,) = [message for each, message in await told(fleet) if each == reason]
    return message


IMAGE = '"registry.example.com/modproxy:2"'
PULL = f"rpc error: code = NotFound desc = failed to resolve reference {IMAGE}: not found"


async def test_an_image_that_is_not_there(waiting: Fleet, control_plane: ControlPlane) -> None:
    pulling = {"reason": "ErrImagePull", "message": PULL}
    for pod in ("team-a-0", "team-a-1"):
        await patch_status(waiting, pod, containerStatuses=container(waiting=pulling), conditions=not_ready())

    async def both() -> bool:
        ready = await waiting.condition("Ready")
        return ready is not None and "team-a-0, team-a-1: " in ready[2]

    await eventually(both, "both pods are named")
    expected = (
        f"0 of 2 replicas are ready; team-a-0, team-a-1: ImagePullBackOff: failed to resolve reference {IMAGE}: not "
        "found; write a spec.image that exists: push the tag, or correct the name"
    )
    assert await waiting.condition("Ready") == ("False", "ImagePullBackOff", expected)
    assert await waiting.condition("Reconciling") == ("True", "ImagePullBackOff", expected)
    assert "ImagePullBackOff" in await wait_told(waiting, "ImagePullBackOff")

    mark = control_plane.audit.mark()
    for turn in range(3):
        words = f"Back-off pulling image {IMAGE}: ErrImagePull: {PULL}"
        state = pulling if turn % 2 else {"reason": "ImagePullBackOff", "message": words}
        await patch_status(waiting, "team-a-0", containerStatuses=container(waiting=state), conditions=not_ready())
        await asyncio.sleep(0.5)
    calls = audit.matching(control_plane.audit.since(mark), user=USER, verbs=audit.WRITES)
    assert [call for call in calls if call.resource != "leases"] == []
    assert len(await told(waiting)) == 1


async def test_a_pod_that_crashes(waiting: Fleet, control_plane: ControlPlane) -> None:
    def end(second: int) -> Object:
        message = f"2026-03-04T05:06:0{second}Z ERROR config.json: no such field\n"
        return {"exitCode": 1, "reason": "Error", "message": message}

    backing = {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}
    await patch_status(
        waiting,
        "team-a-0",
        containerStatuses=container(waiting=backing, last=end(1), restarts=3),
        conditions=not_ready(),
    )
    message = await waiting.wait_condition("Ready", "False", "CrashLoopBackOff")
    assert (
        "team-a-0: CrashLoopBackOff: the container ended with exit code 1: ERROR config.json: no such field; "
        in message
    )
    assert "kubectl logs --previous" in message
    await wait_told(waiting, "CrashLoopBackOff")
    mark = control_plane.audit.mark()
    for restarts in range(4, 7):
        states: list[Object] = [
            {"running": {"startedAt": CHANGED}},
            {"terminated": end(restarts)},
            {"waiting": backing},
        ]
        for state in states:
            crashed = container(last=end(restarts), restarts=restarts, **state)
            await patch_status(waiting, "team-a-0", containerStatuses=crashed, conditions=not_ready())
    await asyncio.sleep(1)
    calls = audit.matching(control_plane.audit.since(mark), user=USER)
    assert [call for call in calls if call.resource in ("goproxies", "events") and call.verb != "watch"] == []


PREEMPTED = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
CASES: dict[str, tuple[Object, str, str]] = {
    "oom": (
        {"containerStatuses": container(terminated={"exitCode": 137, "reason": "OOMKilled"}, restarts=4)},
        "OOMKilled",
        "more than its memory limit of 1Gi; raise spec.pod.resources.limits.memory",
    ),
    "config": (
        {
            "containerStatuses": container(
                waiting={"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}
            )
        },
        "CreateContainerConfigError",
        'secret "s" not found; create the Secret or ConfigMap',
    ),
    "preempted": (
        {"conditions": not_ready(PREEMPTED)},
        "Preempted",
        "priorityClassName",
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_what_a_pods_status_says(name: str, waiting: Fleet) -> None:
    status, reason, words = CASES[name]
    status = {"conditions": not_ready()} | status
    # The disruption controller takes back what is older than two minutes.
    conditions = [{"lastTransitionTime": format_time(datetime.now(UTC)), **one} for one in status["conditions"]]
    await patch_status(waiting, "team-a-1", **(status | {"conditions": conditions}))
    message = await waiting.wait_condition("Ready", "False", reason)
    assert f"team-a-1: {reason}" in message
    assert words in message
    await wait_told(waiting, reason)


async def test_a_node_that_is_gone(waiting: Fleet) -> None:
    running = container(running={"startedAt": CHANGED})
    running[0]["ready"] = True
    conditions = not_ready({"type": "ContainersReady", "status": "True"})
    await patch_status(waiting, "team-a-0", containerStatuses=running, conditions=conditions)
    message = await waiting.wait_condition("Reconciling", "True", "NodeNotReady")
    assert "does not answer; bring the node back" in message


@pytest.mark.parametrize(
    ("state", "said", "words"),
    [
        (
            {"running": {}},
            ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
            "statuscode: 503; look at `kubectl logs` of the pod",
        ),
        (
            {"waiting": {"reason": "ContainerCreating"}},
            ("FailedMount", 'MountVolume.SetUp failed for volume "x" : configmap "team-a-config-v1" not found'),
            'configmap "team-a-config-v1" not found; ',
        ),
    ],
)
async def test_what_only_events_say(
    state: Object, said: tuple[str, str], words: str, waiting: Fleet, control_plane: ControlPlane
) -> None:
    reason, note = said
    await post_event(waiting, "pod", "team-a-0", reason, note)
    mark = control_plane.audit.mark()
    status: Object = {"containerStatuses": container(**state), "conditions": not_ready(), "startTime": CHANGED}
    for pod in ("team-a-1", "team-a-0"):
        await patch_status(waiting, pod, **status)
    message = await waiting.wait_condition("Ready", "False", reason)
    assert f"team-a-0: {reason}: " in message
    assert words in message
    await wait_told(waiting, reason)
    lists = audit.matching(control_plane.audit.since(mark), user=USER, verbs="list", resource="events")
    assert 0 < len(lists) <= 4


@pytest.mark.usefixtures("nodes")
async def test_pods_that_are_refused(fleet: Fleet, operator: OperatorProcess) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": {"pods": "1"}}}
    await fleet.kubectl("apply", "-f", "-", stdin=json.dumps(quota))
    # No controller of quotas runs here.
    counted = json.dumps({"status": {"hard": {"pods": "1"}, "used": {"pods": "0"}}})
    await fleet.kubectl("patch", "quota", "few", "--subresource=status", "--type=merge", "-p", counted)
    await fleet.apply(replicas=2)
    message = await fleet.wait_condition("Reconciling", "True", "QuotaExceeded")
    assert (
        "1 of 2 replicas are ready; team-a: QuotaExceeded: exceeded quota: few, requested: pods=1, limited: pods=1"
        in message
    )
    assert "kubectl describe quota" in message
    assert (await fleet.condition("Ready") or ())[:2] == ("True", "Serving")
    await wait_told(fleet, "QuotaExceeded")
    await fleet.kubectl("delete", "quota", "few")
    assert "fault of the operator" not in operator.log


@pytest.mark.usefixtures("nodes")
async def test_a_priority_class_that_is_not_there(fleet: Fleet, operator: OperatorProcess) -> None:
    await fleet.apply(pod={"priorityClassName": "none"})
    message = await fleet.wait_condition("Ready", "False", "PriorityClassNotFound")
    assert (
        "team-a: PriorityClassNotFound: no PriorityClass with name none was found; create that PriorityClass" in message
    )
    await wait_told(fleet, "PriorityClassNotFound")
    assert [reason for reason, _ in await told(fleet)] == ["PriorityClassNotFound"]
    assert "fault of the operator" not in operator.log


async def test_a_claim_without_a_volume(fleet: Fleet, control_plane: ControlPlane, operator: OperatorProcess) -> None:
    """There is no node stand-in: nobody makes volumes, or says anything of pods but what the test does."""
    await fleet.apply(replicas=1, cache={"storage": {"storageClassName": "none"}})

    async def made() -> bool:
        return "team-a-0" in await fleet.kubectl("get", "pods", "-o", "name")

    await eventually(made, "the pod is made")
    await post_event(
        fleet, "pvc", "cache-team-a-0", "ProvisioningFailed", 'storageclass.storage.k8s.io "none" not found'
    )
    words = "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/2 nodes are no."
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words}
    await patch_status(fleet, "team-a-0", conditions=[unscheduled | {"lastTransitionTime": CHANGED}])
    message = await fleet.wait_condition("Ready", "False", "StorageClassNotFound")
    assert 'cache-team-a-0: StorageClassNotFound: storageclass.storage.k8s.io "none" not found; create that' in message
    await wait_told(fleet, "StorageClassNotFound")
    assert [reason for reason, _ in await told(fleet)] == ["StorageClassNotFound"]
    # The stand-in of the next test would take a pod that has no node for one to place.
    await fleet.kubectl("delete", "goproxies", "--all", "--cascade=foreground", "--timeout=30s")
    assert "fault of the operator" not in operator.log


async def test_a_restart_says_nothing_again(
    fleet: Fleet, nodes: NodeStandIn, new_operator: StartOperator, control_plane: ControlPlane
) -> None:
    await nodes.set_ready(lambda _: False)
    async with AsyncExitStack() as stack:
        operator = await stack.enter_async_context(new_operator())
        await fleet.apply()
        await has_pods(fleet, 2)
        await post_event(fleet, "pod", "team-a-0", "Unhealthy", "Readiness probe failed: statuscode: 503")
        for pod in ("team-a-0", "team-a-1"):
            await patch_status(fleet, pod, conditions=not_ready())
        await fleet.wait_condition("Ready", "False", "Unhealthy")
        await wait_told(fleet, "Unhealthy")
        assert await operator.stop() == 0
    before = await fleet.status()
    mark = control_plane.audit.mark()
    async with new_operator() as operator:
        await operator.leading()

        async def looked() -> bool:
            calls = control_plane.audit.since(mark)
            return bool(audit.matching(calls, user=USER, verbs="list", resource="events"))

        await eventually(looked, "the Events are read anew")
        await asyncio.sleep(1)
    assert await fleet.status() == before
    calls = audit.matching(control_plane.audit.since(mark), user=USER, verbs=audit.WRITES)
    assert [call for call in calls if call.resource != "leases"] == []
