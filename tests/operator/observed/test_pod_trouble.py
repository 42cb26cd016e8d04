"""What is wrong with a pod, by its status alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from goproxy_operator.observed.packed import POD
from goproxy_operator.observed.pod_trouble import PodTrouble, pod_trouble
from goproxy_operator.observed.views import PodView
from tests.operator.observed.pod_objects import LATER, MADE, condition, container, crashed, pod, unscheduled, waiting

Object = dict[str, Any]
IMAGE = "registry.example.com/modproxy:2"
PULL = f'rpc error: code = NotFound desc = failed to pull and unpack image "{IMAGE}": not found'
WHY = f'failed to pull and unpack image "{IMAGE}": not found'
READY = condition("Ready", "True")
SIDECAR = container(name="mesh", waiting={"reason": "PodInitializing"})
DISRUPTED = condition(
    "DisruptionTarget", "True", "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"
)

CASES: dict[str, tuple[Object, PodTrouble | None]] = {
    "serves": (pod(conditions=[READY]), None),
    "new": (pod(node=None), PodTrouble("Pending", "", MADE)),
    "gated": (unscheduled("1 gate", "SchedulingGated"), PodTrouble("SchedulingGated", "1 gate", LATER)),
    "unschedulable": (
        unscheduled(
            "0/15 nodes are available: 1 node(s) had untolerated taint {a: b, c}, 14 Insufficient cpu. "
            "preemption: 0/15 nodes are available: 15 Preemption is not helpful for scheduling."
        ),
        PodTrouble("Unschedulable", "no node fits: Insufficient cpu, node(s) had untolerated taint {a: b, c}", LATER),
    ),
    "being created": (waiting("ContainerCreating"), PodTrouble("ContainerCreating", "", MADE)),
    "no status of its containers": (pod(conditions=[condition("Ready")]), PodTrouble("ContainerCreating", "", LATER)),
    "pulls": (waiting("ErrImagePull", PULL), PodTrouble("ImagePullBackOff", WHY, LATER)),
    "backs off, 1.32": (
        waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}": ErrImagePull: {PULL}'),
        PodTrouble("ImagePullBackOff", WHY, LATER),
    ),
    "backs off, 1.30": (
        waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"'),
        PodTrouble("ImagePullBackOff", "", LATER),
    ),
    "image name": (
        waiting("InvalidImageName", 'Failed to apply default image tag "A:::": invalid'),
        PodTrouble("InvalidImageName", 'Failed to apply default image tag "A:::": invalid', LATER),
    ),
    "config": (
        waiting("CreateContainerConfigError", 'secret "s" not found'),
        PodTrouble("CreateContainerConfigError", 'secret "s" not found', LATER),
    ),
    "a sidecar only waits": (
        pod(containerStatuses=[SIDECAR, container(waiting={"reason": "InvalidImageName", "message": "x"})]),
        PodTrouble("InvalidImageName", "x", MADE),
    ),
    "a sidecar fails": (
        pod(containerStatuses=[container(name="mesh", waiting={"reason": "InvalidImageName", "message": "x"})]),
        PodTrouble("InvalidImageName", "container mesh: x", MADE),
    ),
    "first crash": (
        crashed("terminated", message="a\nconfig.json: no\n", restarts=0),
        PodTrouble("Error", "the container ended with exit code 1: config.json: no", LATER),
    ),
    "oom": (
        crashed("waiting", code=137, reason="OOMKilled"),
        PodTrouble("OOMKilled", "the container used more than its memory limit of 256Mi", LATER),
    ),
    "cannot start": (
        crashed("terminated", code=128, reason="StartError", message="exec: modproxy: not found"),
        PodTrouble("StartError", "the container ended with exit code 128: exec: modproxy: not found", LATER),
    ),
    "restarted once, well": (
        pod(
            containerStatuses=[container(running={}, last={"exitCode": 0, "reason": "Completed"}, restarts=1)],
            conditions=[condition("Ready")],
        ),
        PodTrouble("NotReady", "", LATER),
    ),
    "probe": (
        pod(containerStatuses=[container(running={})], conditions=[condition("Ready")]),
        PodTrouble("NotReady", "", LATER),
    ),
    "node": (
        pod(
            containerStatuses=[{"name": "modproxy", "ready": True, "state": {"running": {}}}],
            conditions=[condition("Ready"), condition("ContainersReady", "True")],
        ),
        PodTrouble("NodeNotReady", "the kubelet of node node-a does not answer", LATER),
    ),
    "gate": (
        pod(
            conditions=[
                condition("Ready", reason="ReadinessGatesNotReady", message="gate"),
                condition("ContainersReady", "True"),
            ]
        ),
        PodTrouble("ReadinessGatesNotReady", "gate", LATER),
    ),
    "evicted": (
        pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory."),
        PodTrouble("Evicted", "The node was low on resource: memory.", MADE),
    ),
    "preempted": (
        pod(conditions=[condition("DisruptionTarget", "True", "PreemptionByScheduler", "preempting")]),
        PodTrouble("Preempted", "preempting", MADE),
    ),
    "drained": (
        pod(conditions=[condition("DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting")]),
        PodTrouble("ContainerCreating", "", MADE),
    ),
    "lost": (pod(reason="NodeLost", message="gone"), PodTrouble("NodeLost", "gone", MADE)),
    "deadline": (
        pod(phase="Failed", reason="DeadlineExceeded", message="too long"),
        PodTrouble("DeadlineExceeded", "too long", MADE),
    ),
    "going": (
        pod(metadata={"deletionTimestamp": LATER, "finalizers": ["a/b", "c", "d", "e"]}, conditions=[READY, DISRUPTED]),
        PodTrouble(
            "StuckTerminating",
            "on node node-a; Taint manager: deleting due to NoExecute taint; it has finalizers: a/b, c, d",
            LATER,
        ),
    ),
    "what nobody knows": (waiting("So\x1b[2J new!" * 9, "m\n\x00" * 999), None),
}


@pytest.mark.parametrize("name", [name for name in CASES if name != "what nobody knows"])
def test_trouble(name: str) -> None:
    item, expected = CASES[name]
    assert pod_trouble(item) == expected
    view = PodView.of(item)
    assert POD.unpack(POD.pack(view)) == view


def test_words_of_others_are_bounded_and_escaped() -> None:
    found = pod_trouble(CASES["what nobody knows"][0])
    assert found is not None
    assert found.reason.isalnum()
    assert len(found.reason) <= 64
    assert found.words.isprintable()
    assert len(found.words) <= 320


def test_a_pod_that_crashes_again_and_again_says_the_same_in_all_its_states() -> None:
    views = [
        PodView.of(crashed(state, message=f"2026-03-04T05:06:0{n}Z ERROR no config", restarts=2 + n))
        for n in range(3)
        for state in ("waiting", "running", "terminated")
    ]
    assert {view.trouble and view.trouble[:2] for view in views} == {
        ("CrashLoopBackOff", "the container ended with exit code 1: ERROR no config")
    }
    assert all(view.serves_as(views[0]) for view in views)


def test_a_container_that_cannot_be_started_says_the_same_while_it_waits() -> None:
    end = {"exitCode": 128, "reason": "StartError", "message": 'exec: "modproxy": executable file not found in $PATH'}
    told = {
        PodView.of(waiting(reason, "x", last=end, restarts=4)).trouble
        for reason in ("CrashLoopBackOff", "RunContainerError")
    }
    words = 'the container ended with exit code 128: exec: "modproxy": executable file not found in $PATH'
    assert told == {PodTrouble("StartError", words, LATER)}
    first = PodView.of(waiting("RunContainerError", "x")).trouble
    assert first == PodTrouble("RunContainerError", "x", LATER)


def test_what_makes_a_difference_to_a_fleet() -> None:
    creating, pulling, failing = (
        PodView.of(item)
        for item in (waiting("ContainerCreating"), waiting("ErrImagePull", PULL), waiting("ErrImagePull"))
    )
    started = PodView.of(CASES["probe"][0])
    assert creating.serves_as(started), "each pod goes through these"
    assert not creating.serves_as(pulling)
    assert not pulling.serves_as(failing)
    assert pulling.trouble is not None
    assert pulling.serves_as(replace(pulling, trouble=pulling.trouble._replace(since=MADE)))
