"""What is kept of an object in memory. Pure.

What is read of an object as the API server has it stays such an object, with fewer fields. Of pods and namespaces
little is read and many are kept: they become views, which are values of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goproxy_operator.desired.names import IDLE_SINCE_ANNOTATION, NUDGE_ANNOTATION
from goproxy_operator.kube.resources import Object
from goproxy_operator.observed.pod_trouble import PodTrouble, pod_trouble


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
    trouble: PodTrouble | None = None

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
            trouble=pod_trouble(item),
        )

    def serves_as(self, other: "PodView") -> bool:
        """Say whether the other makes no difference to a fleet: a pod's status is written often."""
        return self._told() == other._told()

    def _told(self) -> tuple[object, ...]:
        # A state that each pod passes through is looked at when it has lasted, and not when it begins. Since when
        # containers fail moves with each of their failures.
        failing = self.trouble if self.trouble is not None and not self.trouble.passing else None
        return self.ip, self.ready, self.deleting, failing and failing[:2]


@dataclass(frozen=True, slots=True)
class NamespaceView:
    """A namespace as classes choose it, by its labels, and whether it stays."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    ending: bool = False
    """It is being deleted, and nothing can be made in it."""

    @classmethod
    def of(cls, item: Object) -> "NamespaceView":
        """View a namespace."""
        metadata = item["metadata"]
        return cls(metadata["name"], metadata.get("labels", {}), "deletionTimestamp" in metadata)


def without_managed_fields(item: Object) -> Object:
    """Drop a third of an object, which nobody reads."""
    item["metadata"].pop("managedFields", None)
    return item


def stateful_set(item: Object) -> Object:
    """Keep of managedFields who owns the number of replicas."""
    kept = _owners(item, _REPLICAS)
    item["metadata"].pop("managedFields", None)
    if kept:
        item["metadata"]["managedFields"] = kept
    return item


def replicas_owners(stateful_set: Object) -> set[str]:
    """Return the field managers that own `spec.replicas`."""
    return {entry["manager"] for entry in _owners(stateful_set, _REPLICAS)}


def claim(item: Object) -> Object:
    """Keep how large a claim is, how large it is to be, whether anybody uses it, and who marked it as idle."""
    metadata, spec, status = item["metadata"], item["spec"], item.get("status", {})
    kept = ("name", "namespace", "uid", "labels", "annotations", "resourceVersion", "deletionTimestamp")
    owners = _owners(item, _IDLE_SINCE)
    return {
        "metadata": _only(metadata, *kept) | ({"managedFields": owners} if owners else {}),
        "spec": _only(spec, "resources", "storageClassName"),
        "status": _only(status, "phase", "capacity", "conditions", "allocatedResourceStatuses"),
    }


def idle_since_owners(claim: Object) -> set[str]:
    """Return the field managers that own the annotation which says since when a claim is idle."""
    return {entry["manager"] for entry in _owners(claim, _IDLE_SINCE)}


_REPLICAS = ("f:spec", "f:replicas")
_IDLE_SINCE = ("f:metadata", "f:annotations", f"f:{IDLE_SINCE_ANNOTATION}")


def _owners(item: Object, field: tuple[str, ...]) -> list[Object]:
    """Return the entries of managedFields whose managers own a field, with nothing but that field in them."""
    only: Object = {}
    for step in reversed(field):
        only = {step: only}
    return [
        {"manager": str(entry.get("manager", "")), "fieldsV1": only}
        for entry in item["metadata"].get("managedFields", ())
        if _has(entry.get("fieldsV1", {}), field)
    ]


def _has(fields: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    for step in path:
        if step not in fields:
            return False
        fields = fields[step]
    return True


def _only(document: Mapping[str, Any], *keys: str) -> Object:
    return {key: document[key] for key in keys if key in document}
