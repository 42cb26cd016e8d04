"""Pods as the API server has them, in the states that a kubelet and a scheduler bring them into."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
MADE, LATER = "2026-03-04T05:00:00Z", "2026-03-04T05:01:00Z"


def pod(*, node: str | None = "node-a", metadata: Object | None = None, **status: Any) -> Object:
    """A pod of a fleet; `status` is that of the API, in its own words."""
    return {
        "metadata": {"name": "team-a-0", "namespace": "build", "uid": "u", "resourceVersion": "5"}
        | {"creationTimestamp": MADE}
        | (metadata or {}),
        "spec": {
            "containers": [{"name": "modproxy", "resources": {"limits": {"memory": "256Mi"}}}],
            **({"nodeName": node} if node else {}),
        },
        "status": status,
    }


def condition(kind: str, status: str = "False", reason: str = "", message: str = "") -> Object:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": LATER}


def container(*, name: str = "modproxy", restarts: int = 0, last: Object | None = None, **state: Object) -> Object:
    """A container that is not ready; `state` is `waiting`, `running` or `terminated`, `last` the end before."""
    ended = {"terminated": last} if last else {}
    return {"name": name, "ready": False, "restartCount": restarts, "state": state, "lastState": ended}


def waiting(reason: str, message: str = "", **more: Any) -> Object:
    """A pod whose container waits."""
    said = {"reason": reason} | ({"message": message} if message else {})
    return pod(containerStatuses=[container(waiting=said, **more)], conditions=[condition("Ready")])


def crashed(state: str, *, code: int = 1, reason: str = "Error", message: str = "", restarts: int = 3) -> Object:
    """A pod that crashes again and again, in one of the three states that it goes through."""
    end = {"exitCode": code, "reason": reason, "message": message}
    match state:
        case "waiting":
            told = f"back-off 5m0s restarting failed container=modproxy pod=team-a-0_build({restarts})"
            made = container(waiting={"reason": "CrashLoopBackOff", "message": told}, last=end, restarts=restarts)
        case "running":
            made = container(running={"startedAt": LATER}, last=end, restarts=restarts)
        case _:
            made = container(terminated=end, last=end, restarts=restarts)
    return pod(containerStatuses=[made], conditions=[condition("Ready", reason="ContainersNotReady")])


def unscheduled(message: str, reason: str = "Unschedulable") -> Object:
    return pod(node=None, phase="Pending", conditions=[condition("PodScheduled", reason=reason, message=message)])
