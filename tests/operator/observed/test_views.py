"""What is kept of an object, and that packing loses nothing of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from goproxy_operator.desired.names import IDLE_SINCE_ANNOTATION, NUDGE_ANNOTATION
from goproxy_operator.observed.packed import NAMESPACE, POD, STATEFUL_SET
from goproxy_operator.observed.views import (
    NamespaceView,
    PodView,
    claim,
    idle_since_owners,
    replicas_owners,
    stateful_set,
)

Object = dict[str, Any]


def item(version: int, name: str = "a", namespace: str = "build") -> Object:
    return {"metadata": {"namespace": namespace, "name": name, "uid": "u", "resourceVersion": str(version)}}


def test_a_stateful_set_keeps_who_owns_its_replicas() -> None:
    made = item(5)
    made["metadata"]["managedFields"] = [
        {"manager": "one", "fieldsV1": {"f:spec": {"f:replicas": {}, "f:template": {}}}},
        {"manager": "two", "fieldsV1": {"f:spec": {"f:template": {}}}},
        {"manager": "three", "subresource": "scale", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        {"manager": "four", "subresource": "status", "fieldsV1": {"f:status": {"f:replicas": {}}}},
    ]
    kept = stateful_set(made)
    assert replicas_owners(kept) == {"one", "three"}
    assert "f:template" not in json.dumps(kept["metadata"])
    assert STATEFUL_SET.unpack(STATEFUL_SET.pack(kept)) == kept
    assert "managedFields" not in stateful_set(item(5))["metadata"]
    assert replicas_owners(item(5)) == set()


def test_a_claim_keeps_who_says_since_when_it_is_idle() -> None:
    mark = f"f:{IDLE_SINCE_ANNOTATION}"
    made = item(5) | {"spec": {"resources": {}, "volumeName": "v"}}
    made["metadata"]["managedFields"] = [
        {
            "manager": "one",
            "fieldsV1": {"f:metadata": {"f:annotations": {mark: {}, "f:other": {}}}},
        },
        {"manager": "two", "fieldsV1": {"f:metadata": {"f:annotations": {".": {}, "f:other": {}}}}},
        {"manager": "three", "fieldsV1": {"f:metadata": {}, "f:spec": {}}},
        {"manager": "four"},
    ]
    kept = claim(made)
    assert idle_since_owners(kept) == {"one"}
    assert "f:other" not in json.dumps(kept)
    assert "managedFields" not in claim(item(5) | {"spec": {}})["metadata"]


def test_a_pod_keeps_where_it_is_and_whether_it_serves() -> None:
    made = item(5) | {
        "spec": {"containers": []},
        "status": {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    made["metadata"] |= {"labels": {"a": "b"}, "annotations": {NUDGE_ANNOTATION: "c1", "other": ""}}
    kept = PodView.of(made)
    assert kept == PodView("build", "a", "u", "5", {"a": "b"}, "10.0.0.1", True, "c1", False)
    assert POD.unpack(POD.pack(kept)) == kept
    waiting = PodView.of(item(6))
    assert (waiting.ip, waiting.ready, waiting.nudge, waiting.deleting) == (None, False, None, False)
    assert not kept.serves_as(waiting)
    assert kept.serves_as(replace(kept, resource_version="6"))
    going = item(7)
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert PodView.of(going).deleting
    assert not waiting.serves_as(PodView.of(going))


def test_a_namespace_keeps_its_labels() -> None:
    kept = NamespaceView.of({"metadata": {"name": "build", "resourceVersion": "1", "labels": {"tier": "build"}}})
    assert NAMESPACE.unpack(NAMESPACE.pack(kept)) == kept == NamespaceView("build", {"tier": "build"})
