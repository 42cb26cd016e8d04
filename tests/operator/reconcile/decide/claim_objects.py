"""Claims and their StatefulSet as the API server holds them, for tests."""

from __future__ import annotations

import copy
from typing import Any

from goproxy_operator.desired.stateful_set import claim_templates
from tests.operator.objects import goproxy

Object = dict[str, Any]


def stateful_set(size: str, storage_class: str | None = None) -> Object:
    storage = {"size": size, **({"storageClassName": storage_class} if storage_class else {})}
    templates = copy.deepcopy(claim_templates(goproxy(cache={"storage": storage})))
    templates[0]["spec"]["volumeMode"] = "Filesystem"
    templates[0]["status"] = {"phase": "Pending"}
    return {"metadata": {}, "spec": {"replicas": 2, "volumeClaimTemplates": templates}, "status": {"replicas": 2}}


def claim(ordinal: int, size: str, capacity: str | None = None, **more: Any) -> Object:
    return {
        "metadata": {"name": f"cache-team-a-{ordinal}", "namespace": "build", "uid": f"u{ordinal}"},
        "spec": {"resources": {"requests": {"storage": size}}, "storageClassName": "standard"},
        "status": {"phase": "Bound", "capacity": {"storage": capacity or size}, **more},
    }
