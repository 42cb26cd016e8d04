"""Events for people: what stands in the way or is worth knowing, once when it appears, in the words of the condition.

What may pass by itself within a moment is told only after it has lasted.
What comes back soon is counted on the Event that told it first, as a series of the events.k8s.io API. Pure.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from goproxy_operator.api.goproxy import API_VERSION, GROUP, KIND
from goproxy_operator.kube.resources import EVENTS, Object
from goproxy_operator.reconcile.status.access import ACCESS_READY
from goproxy_operator.reconcile.status.conditions import FIGURES, UNDER_WAY
from goproxy_operator.reconcile.status.milestones import milestones
from goproxy_operator.reconcile.status.reachability import CREDENTIALS_READY, UPSTREAM_REACHABLE
from goproxy_operator.reconcile.status.sharing import OBJECT_STORE_READY, PARENT_READY, PEERS_READY
from goproxy_operator.reconcile.status.synced import MODULES_SYNCED
from goproxy_operator.reconcile.status.waves import waves
from goproxy_operator.timestamps import format_micro_time, moment_of

_NOTE_LENGTH = 1024
_INSTANCE_LENGTH = 128
_COMPONENT = f"{GROUP}/goproxy-operator"
_TOLD = {
    ("Stalled", "True"): "Warning",
    ("Reconciling", "True"): "Warning",
    ("ConfigSynced", "False"): "Warning",
    ("ConfigSynced", "True"): "Warning",
    (UPSTREAM_REACHABLE, "False"): "Warning",
    (CREDENTIALS_READY, "False"): "Warning",
    (ACCESS_READY, "False"): "Warning",
    (PEERS_READY, "False"): "Warning",
    (OBJECT_STORE_READY, "False"): "Warning",
    (PARENT_READY, "False"): "Warning",
    (MODULES_SYNCED, "False"): "Warning",
    ("DiskPressure", "True"): "Warning",
    ("Slow", "True"): "Warning",
    ("AutoscalingActive", "False"): "Warning",
    ("StorageResizing", "True"): "Normal",
}
_QUIET = UNDER_WAY | {
    "InForce",
    "Spreading",
    "FailedGetExternalMetric",
    "FailedGetPodsMetric",
    "ScalingDisabled",
}
"""Reasons that pass by themselves, or of which the autoscaler's own Events tell."""
_LASTING = frozenset({"ConfigSynced", CREDENTIALS_READY, ACCESS_READY, PARENT_READY, "AutoscalingActive"})
"""Conditions that are often false for a moment: what an object names arrives just after the object."""
PATIENCE = timedelta(seconds=15)
"""So long such a condition has to be false before an Event says so."""
_NO_WORDS = FIGURES | {
    "Reconciling",
    UPSTREAM_REACHABLE,
    CREDENTIALS_READY,
    ACCESS_READY,
    PEERS_READY,
    OBJECT_STORE_READY,
    PARENT_READY,
    MODULES_SYNCED,
}
"""Conditions whose messages may read otherwise, by a figure or another pod, while they tell the same."""


class Happening(NamedTuple):
    """What an Event tells. `kind` is Normal or Warning."""

    kind: str
    reason: str
    message: str


def happenings(status: Mapping[str, Any], previous: Mapping[str, Any]) -> list[Happening]:
    """Return what the new status tells and the previous one did not, but for what has to last first."""
    return [
        *(Happening("Normal", *milestone) for milestone in milestones(status, previous)),
        *(Happening("Warning", *wave) for wave in waves(status, previous)),
        *(_happening(c) for c in _told_newly(status, previous) if c["type"] not in _LASTING),
    ]


def warnings(status: Mapping[str, Any]) -> list[Happening]:
    """Return all that a status warns of, for an object whose status cannot be written."""
    return [happening for c in _told_newly(status, {}) if (happening := _happening(c)).kind == "Warning"]


class Lasting(NamedTuple):
    """What is worth an Event from a time on, if it still holds then. `new`: the previous status did not say it."""

    due: datetime
    new: bool
    happening: Happening


def lasting(status: Mapping[str, Any], previous: Mapping[str, Any], now: datetime) -> list[Lasting]:
    """Return what of a status is told when it has lasted."""
    new = [_subject(c) for c in _told_newly(status, previous)]
    return [
        Lasting((moment_of(c["lastTransitionTime"]) or now) + PATIENCE, _subject(c) in new, _happening(c))
        for c in _told_newly(status, {})
        if c["type"] in _LASTING
    ]


def _told_newly(status: Mapping[str, Any], previous: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    before = {_subject(condition) for condition in previous.get("conditions", ())}
    return [
        c
        for c in status.get("conditions", ())
        if (c["type"], c["status"]) in _TOLD and c["reason"] not in _QUIET and _subject(c) not in before
    ]


def _happening(condition: Mapping[str, Any]) -> Happening:
    return Happening(_TOLD[condition["type"], condition["status"]], condition["reason"], condition["message"])


def _subject(condition: Mapping[str, Any]) -> tuple[str, ...]:
    message = "" if condition["type"] in _NO_WORDS else condition["message"]
    return condition["type"], condition["reason"], message


def event(item: Object, happening: Happening, instance: str, now: datetime) -> Object:
    """Return the Event about the object. `instance` names this process."""
    metadata = item["metadata"]
    note = happening.message
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"generateName": f"{metadata['name']}-", "namespace": metadata["namespace"]},
        "eventTime": format_micro_time(now),
        "type": happening.kind,
        "reason": happening.reason,
        "note": note if len(note) <= _NOTE_LENGTH else note[: _NOTE_LENGTH - 3] + "...",
        "action": "Reconcile",
        "reportingController": _COMPONENT,
        "reportingInstance": instance[:_INSTANCE_LENGTH],
        "regarding": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
    }


def once_more(told: Object, now: datetime) -> Object:
    """Return an Event, as the API server has it, that tells the same once more."""
    count = int(told.get("series", {}).get("count", 1))
    return {**told, "series": {"count": count + 1, "lastObservedTime": format_micro_time(now)}}
