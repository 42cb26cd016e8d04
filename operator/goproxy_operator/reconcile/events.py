"""Events for people: what stands in the way, once when it appears, in the words of the condition."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from goproxy_operator.api.goproxy import API_VERSION, GROUP, KIND
from goproxy_operator.cluster.resources import EVENTS, Object
from goproxy_operator.reconcile.conditions import FIGURES

_NOTE_LENGTH = 1024
_INSTANCE_LENGTH = 128
_COMPONENT = f"{GROUP}/goproxy-operator"
_WARNED = (("Stalled", "True"), ("ConfigSynced", "False"), ("DiskPressure", "True"))
_QUIET = frozenset({"Spreading"})
"""Reasons that pass by themselves."""


def warnings(status: Mapping[str, Any], previous: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return reason and message of each warning that the new status has and the previous one had not."""
    before = {_subject(condition) for condition in previous.get("conditions", ())}
    return [
        (c["reason"], c["message"])
        for c in status.get("conditions", ())
        if (c["type"], c["status"]) in _WARNED and c["reason"] not in _QUIET and _subject(c) not in before
    ]


def _subject(condition: Mapping[str, Any]) -> tuple[str, ...]:
    message = "" if condition["type"] in FIGURES else condition["message"]
    return condition["type"], condition["reason"], message


def event(item: Object, reason: str, note: str, instance: str, now: datetime) -> Object:
    """Return the Event about the object. `instance` names this process."""
    metadata = item["metadata"]
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"generateName": f"{metadata['name']}-", "namespace": metadata["namespace"]},
        "eventTime": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": "Warning",
        "reason": reason,
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
