"""Events for people: what stands in the way or is worth knowing, once when it appears, in the words of the condition.

What comes back soon is counted on the Event that told it first, as a series of the events.k8s.io API. Pure.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from goproxy_operator.api.goproxy import API_VERSION, GROUP, KIND
from goproxy_operator.kube.resources import EVENTS, Object
from goproxy_operator.reconcile.status.conditions import FIGURES
from goproxy_operator.reconcile.status.reachability import CREDENTIALS_READY, UPSTREAM_REACHABLE
from goproxy_operator.timestamps import format_micro_time

_NOTE_LENGTH = 1024
_INSTANCE_LENGTH = 128
_COMPONENT = f"{GROUP}/goproxy-operator"
_TOLD = {
    ("Stalled", "True"): "Warning",
    ("ConfigSynced", "False"): "Warning",
    ("ConfigSynced", "True"): "Warning",
    (UPSTREAM_REACHABLE, "False"): "Warning",
    (CREDENTIALS_READY, "False"): "Warning",
    ("DiskPressure", "True"): "Warning",
    ("AutoscalingActive", "False"): "Warning",
    ("StorageResizing", "True"): "Normal",
}
_QUIET = frozenset({"InForce", "Spreading", "FailedGetExternalMetric", "FailedGetPodsMetric", "ScalingDisabled"})
"""Reasons that pass by themselves, or of which the autoscaler's own Events tell."""


_ONCE = FIGURES | {UPSTREAM_REACHABLE, CREDENTIALS_READY}
"""Conditions that are told once while they last: replica after replica finds out the same."""


class Happening(NamedTuple):
    """What an Event tells. `kind` is Normal or Warning."""

    kind: str
    reason: str
    message: str


def happenings(status: Mapping[str, Any], previous: Mapping[str, Any]) -> list[Happening]:
    """Return what the new status tells and the previous one did not."""
    before = {_subject(condition) for condition in previous.get("conditions", ())}
    return [
        Happening(_TOLD[c["type"], c["status"]], c["reason"], c["message"])
        for c in status.get("conditions", ())
        if (c["type"], c["status"]) in _TOLD and c["reason"] not in _QUIET and _subject(c) not in before
    ]


def _subject(condition: Mapping[str, Any]) -> tuple[str, ...]:
    message = "" if condition["type"] in _ONCE else condition["message"]
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
