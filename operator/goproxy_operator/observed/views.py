"""What is kept of an object in memory. Pure.

What is read of an object as the API server has it stays such an object, with fewer fields. Of pods and namespaces
little is read and many are kept: they become views, which are values of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goproxy_operator.desired.names import NUDGE_ANNOTATION
from goproxy_operator.kube.resources import Object


@dataclass(frozen=True, slots=True)
class PodView:
    """A pod as a replica of a fleet: whether it can be asked, whether it serves, and which config it was told of."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    labels: Mapping[str, str] = field(default_factory=dict)
    ip: str | None = None
    ready: bool = False
    nudge: str | None = None
    """The hash of the config that the pod was nudged to take."""
    deleting: bool = False

    @classmethod
    def of(cls, item: Object) -> "PodView":
        """View a pod."""
        metadata, status = item["metadata"], item.get("status", {})
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            resource_version=metadata["resourceVersion"],
            labels=metadata.get("labels", {}),
            ip=status.get("podIP"),
            ready=any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ())),
            nudge=metadata.get("annotations", {}).get(NUDGE_ANNOTATION),
            deleting="deletionTimestamp" in metadata,
        )

    def serves_as(self, other: "PodView") -> bool:
        """Say whether the other makes no difference to a fleet: a pod's status is written often."""
        return (self.ip, self.ready, self.deleting) == (other.ip, other.ready, other.deleting)


@dataclass(frozen=True, slots=True)
class NamespaceView:
    """A namespace as classes choose it: by its labels."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, item: Object) -> "NamespaceView":
        """View a namespace."""
        return cls(item["metadata"]["name"], item["metadata"].get("labels", {}))


def without_managed_fields(item: Object) -> Object:
    """Drop a third of an object, which nobody reads."""
    item["metadata"].pop("managedFields", None)
    return item


def stateful_set(item: Object) -> Object:
    """Keep of managedFields who owns the number of replicas."""
    entries = item["metadata"].pop("managedFields", ())
    kept = [
        {"manager": entry.get("manager", ""), "fieldsV1": {"f:spec": {"f:replicas": {}}}}
        for entry in entries
        if _owns_replicas(entry)
    ]
    if kept:
        item["metadata"]["managedFields"] = kept
    return item


def replicas_owners(stateful_set: Object) -> set[str]:
    """Return the field managers that own `spec.replicas`."""
    entries = stateful_set["metadata"].get("managedFields", ())
    return {str(entry.get("manager", "")) for entry in entries if _owns_replicas(entry)}


def claim(item: Object) -> Object:
    """Keep how large a claim is, how large it is to be, and whether anybody uses it."""
    metadata, spec, status = item["metadata"], item["spec"], item.get("status", {})
    kept = ("name", "namespace", "uid", "labels", "annotations", "resourceVersion", "deletionTimestamp")
    return {
        "metadata": _only(metadata, *kept),
        "spec": _only(spec, "resources", "storageClassName"),
        "status": _only(status, "phase", "capacity", "conditions", "allocatedResourceStatuses"),
    }


def _owns_replicas(entry: Mapping[str, Any]) -> bool:
    return "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})


def _only(document: Mapping[str, Any], *keys: str) -> Object:
    return {key: document[key] for key in keys if key in document}
