"""What is kept of an object in memory. Pure."""

from typing import Any

from goproxy_operator.cluster.resources import Object
from goproxy_operator.desired.names import NUDGE_ANNOTATION

REPLICAS_OWNERS = "replicasOwners"
"""Added to a StatefulSet, beside `metadata`: the field managers that own `spec.replicas`."""


def without_managed_fields(item: Object) -> Object:
    """Drop a third of an object, which nobody reads."""
    item["metadata"].pop("managedFields", None)
    return item


def stateful_set(item: Object) -> Object:
    """Keep of managedFields who owns the number of replicas."""
    owners = [
        entry.get("manager", "")
        for entry in item["metadata"].get("managedFields", ())
        if "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
    ]
    return without_managed_fields(item) | {REPLICAS_OWNERS: owners}


def pod(item: Object) -> Object:
    """Keep what says whether a replica can be asked (`ip`), whether it serves (`ready`), and was nudged (`nudge`)."""
    metadata, status = item["metadata"], item.get("status", {})
    kept: dict[str, Any] = {
        key: metadata[key]
        for key in ("name", "namespace", "uid", "labels", "resourceVersion", "deletionTimestamp")
        if key in metadata
    }
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ()))
    nudge = metadata.get("annotations", {}).get(NUDGE_ANNOTATION)
    return {"metadata": kept, "ip": status.get("podIP"), "ready": ready, "nudge": nudge}


def claim(item: Object) -> Object:
    """Keep what says how large a claim is, is to be, and whether anybody uses it."""
    metadata, spec, status = item["metadata"], item["spec"], item.get("status", {})
    kept: dict[str, Any] = {
        key: metadata[key]
        for key in ("name", "namespace", "uid", "labels", "annotations", "resourceVersion", "deletionTimestamp")
        if key in metadata
    }
    return {
        "metadata": kept,
        "spec": {key: spec[key] for key in ("resources", "storageClassName") if key in spec},
        "status": {
            key: status[key]
            for key in ("phase", "capacity", "conditions", "allocatedResourceStatuses")
            if key in status
        },
    }


def same_pod(old: Object, new: Object) -> bool:
    """Say whether nothing that is read of a pod has changed: its status is written often."""
    return (old["ip"], old["ready"], "deletionTimestamp" in old["metadata"]) == (
        new["ip"],
        new["ready"],
        "deletionTimestamp" in new["metadata"],
    )


def labels_only(item: Object) -> Object:
    """Keep what an object is called and labelled."""
    metadata = item["metadata"]
    return {"metadata": {key: metadata[key] for key in ("name", "labels", "resourceVersion") if key in metadata}}
