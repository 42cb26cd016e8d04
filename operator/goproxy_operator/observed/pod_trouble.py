"""What is wrong with a pod, by its own status: the worst of it, as one small value. Pure.

Nothing in it moves while the cause stays: a pod that crashes again and again waits, runs and ends by turns, and each of
the three says the same.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from goproxy_operator.desired.names import CONTAINER
from goproxy_operator.kube.resources import Object
from goproxy_operator.observed.steady_words import last_line, pull_failure, scheduling_failure, steady

PENDING = "Pending"
CREATING = "ContainerCreating"
NOT_READY = "NotReady"
TERMINATING = "StuckTerminating"
PASSING = frozenset({PENDING, CREATING, NOT_READY, TERMINATING})
"""States through which every pod goes: they are trouble only where they last."""
IMAGE_PULL = "ImagePullBackOff"
CRASH_LOOP = "CrashLoopBackOff"
OOM = "OOMKilled"
_CREATING = frozenset({"", "ContainerCreating", "PodInitializing"})
_PULLS = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "SignatureValidationFailed"})
_FAILED = {"Preempting": "Preempted", "Terminated": "NodeShutdown"}
"""A pod's reasons that have another word elsewhere."""
_DISRUPTIONS = {
    "PreemptionByScheduler": "Preempted",
    "TerminationByKubelet": "Evicted",
    "DeletionByTaintManager": "NodeNotReady",
    "DeletionByPodGC": "NodeNotReady",
}
"""The reasons of the condition DisruptionTarget, less those that people cause on purpose."""
_REASON_LENGTH = 64
_MOST_FINALIZERS = 3

Conditions = Mapping[str, Mapping[str, Any]]


class PodTrouble(NamedTuple):
    """Why a pod does not serve: the reason, others' words about it, and since when, as the API server writes times."""

    reason: str
    words: str
    since: str

    @property
    def passing(self) -> bool:
        """Say whether each pod is in this state for a while."""
        return self.reason in PASSING


def pod_trouble(pod: Object) -> PodTrouble | None:
    """Return what is wrong with the pod; None where it is ready and stays."""
    metadata, spec, status = pod["metadata"], pod.get("spec", {}), pod.get("status", {})
    conditions: Conditions = {condition["type"]: condition for condition in status.get("conditions", ())}
    if "deletionTimestamp" in metadata:
        return _terminating(metadata, spec, conditions)
    if conditions.get("Ready", {}).get("status") == "True":
        return None
    made = str(metadata.get("creationTimestamp", ""))
    since = str(conditions.get("Ready", {}).get("lastTransitionTime") or made)
    if ended := _ended(status, conditions):
        return PodTrouble(*ended, since)
    if not spec.get("nodeName"):
        return _unscheduled(conditions.get("PodScheduled", {}), made)
    found = _worst_container(spec, status)
    if found is not None and found[0] not in (CREATING, ""):
        return PodTrouble(*found, since)
    if found is not None and found[0] == CREATING:
        return PodTrouble(CREATING, "", str(status.get("startTime") or made))
    if conditions.get("ContainersReady", {}).get("status") == "True":
        return PodTrouble(*_not_ready_for_others(spec, conditions["Ready"]), since)
    return PodTrouble(NOT_READY if status.get("containerStatuses") else CREATING, "", since)


def _terminating(metadata: Object, spec: Object, conditions: Conditions) -> PodTrouble:
    # The deletionTimestamp is the end of the grace period, not its beginning.
    words = [f"on node {spec['nodeName']}"] if spec.get("nodeName") else []
    disruption = conditions.get("DisruptionTarget", {})
    if disruption.get("status") == "True" and disruption.get("reason") in _DISRUPTIONS:
        words.append(str(disruption.get("message") or disruption["reason"]))
    if finalizers := metadata.get("finalizers"):
        words.append(f"it has finalizers: {', '.join(finalizers[:_MOST_FINALIZERS])}")
    return PodTrouble(TERMINATING, steady("; ".join(words)), str(metadata["deletionTimestamp"]))


def _ended(status: Object, conditions: Conditions) -> tuple[str, str] | None:
    """Return why the kubelet or others have given the pod up, with all its containers."""
    disruption = conditions.get("DisruptionTarget", {})
    told = disruption.get("reason") if disruption.get("status") == "True" else None
    reason = status.get("reason")
    if reason and (status.get("phase") == "Failed" or reason == "NodeLost"):
        return _FAILED.get(reason, _word(reason)), steady(status.get("message") or "")
    if told in _DISRUPTIONS:
        return _DISRUPTIONS[told], steady(disruption.get("message") or "")
    return None


def _unscheduled(scheduled: Mapping[str, Any], made: str) -> PodTrouble:
    if scheduled.get("status") != "False":
        return PodTrouble(PENDING, "", made)
    reason = _word(str(scheduled.get("reason") or "Unschedulable"))
    return PodTrouble(
        reason,
        scheduling_failure(str(scheduled.get("message") or "")),
        str(scheduled.get("lastTransitionTime") or made),
    )


def _not_ready_for_others(spec: Object, ready: Mapping[str, Any]) -> tuple[str, str]:
    """Return why a pod is not ready whose containers all are: its node is gone, or somebody's gate is closed."""
    if ready.get("reason") == "ReadinessGatesNotReady":
        return "ReadinessGatesNotReady", steady(str(ready.get("message") or ""))
    return "NodeNotReady", steady(f"the kubelet of node {spec['nodeName']} does not answer")


def _worst_container(spec: Object, status: Object) -> tuple[str, str] | None:
    """Return what is wrong with the first container that does not work; "" as the reason where it only is not ready."""
    own = {container["name"]: container for container in (*spec.get("initContainers", ()), *spec.get("containers", ()))}
    for container in (*status.get("initContainerStatuses", ()), *_by_weight(status.get("containerStatuses", ()))):
        if container.get("ready"):
            continue
        name = container.get("name", "")
        if found := _container_trouble(container, own.get(name, {})):
            reason, words = found
            return reason, words if name == CONTAINER or not words else steady(f"container {name}: {words}")
    return None


def _by_weight(containers: Iterable[Object]) -> list[Object]:
    """Put first what is no passing state, so that a sidecar which only starts does not hide a container that fails."""
    return sorted(containers, key=lambda one: one.get("state", {}).get("waiting", {}).get("reason", "x") in _CREATING)


def _container_trouble(status: Object, container: Object) -> tuple[str, str] | None:
    state = status.get("state", {})
    waiting = str(state.get("waiting", {}).get("reason", "")) if "waiting" in state else None
    ended = state.get("terminated") or status.get("lastState", {}).get("terminated")
    if waiting in _PULLS:
        return IMAGE_PULL, pull_failure(str(state["waiting"].get("message") or ""))
    # A container that cannot be started waits by turns with this reason and with that of its back-off.
    again = waiting == CRASH_LOOP or (waiting == "RunContainerError" and ended is not None)
    if waiting is not None and not again and waiting not in _CREATING:
        return _word(str(waiting)), _error_words(str(state["waiting"].get("message") or ""))
    if ended is not None and (ended.get("exitCode") or again or int(status.get("restartCount", 0)) > 1):
        return _crash(ended, int(status.get("restartCount", 0)), waiting, container)
    return (CREATING, "") if waiting is not None else None


def _crash(ended: Object, restarts: int, waiting: str | None, container: Object) -> tuple[str, str]:
    """Return what a container that ended says of its end; the number of its restarts moves, and is not told."""
    reason, code = str(ended.get("reason") or "Error"), ended.get("exitCode", 0)
    said = last_line(str(ended.get("message") or ""))
    if reason == OOM:
        limit = container.get("resources", {}).get("limits", {}).get("memory")
        return OOM, f"the container used more than its memory limit of {limit}" if limit else "its node had no memory"
    words = f"the container ended with exit code {code}" + (f": {said}" if said else "")
    if reason not in ("Error", "Completed"):
        return _word(reason), words
    return CRASH_LOOP if waiting == CRASH_LOOP or restarts > 1 else "Error", words


def _error_words(text: str) -> str:
    return steady(text.removeprefix("Error: "))


def _word(reason: str) -> str:
    """Return a reason as a condition may have it: one word, and not too long."""
    kept = "".join(c for c in reason if c.isascii() and c.isalnum())[:_REASON_LENGTH]
    return kept if kept[:1].isalpha() else "Unknown"
