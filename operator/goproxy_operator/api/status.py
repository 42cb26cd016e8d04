"""`status` of the object. The sources of the meanings are kstatus and the Kubernetes API conventions."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from goproxy_operator.api.autoscaling import MOST_REPLICAS
from goproxy_operator.api.fields import NAME_LENGTH
from goproxy_operator.api.part import Items, Part

Percent = Annotated[int, Field(ge=0, le=100)]
ShortText = Annotated[str, StringConstraints(max_length=NAME_LENGTH)]
Bytes = Annotated[str, StringConstraints(max_length=32)]
"""A size for people, rounded: `31Gi`."""
MESSAGE_LENGTH = 4096
REASON_LENGTH = 128
UNSEEN = {"observedGeneration": -1}
"""The status of a new object, by the only default of the CRD. Without it kstatus would take a new object, which has no
condition yet, for one that is done."""


def _list_map(key: str) -> dict[str, Any]:
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


class Condition(Part):
    """One statement about the fleet, as in metav1.Condition."""

    type: Annotated[str, StringConstraints(max_length=64)]
    status: Annotated[str, StringConstraints(max_length=16, pattern="^(True|False|Unknown)$")]
    reason: Annotated[str, StringConstraints(max_length=REASON_LENGTH)]
    message: Annotated[str, StringConstraints(max_length=MESSAGE_LENGTH)]
    observed_generation: int
    last_transition_time: Annotated[str, Field(json_schema_extra={"format": "date-time"}, max_length=40)]


class StorageStatus(Part):
    """The fullest replica's cache; `used` counts our own bytes."""

    used: Bytes
    capacity: Bytes
    percent: Percent


class ReplicaStatus(Part):
    """One replica, as it last reported; figures are absent before its first report."""

    name: ShortText
    ready: bool
    hit_rate_percent: Percent | None = None
    used: Bytes | None = None
    capacity: Bytes | None = None
    config: Annotated[str, StringConstraints(max_length=64)] | None = None
    """The hash of the config in force."""


class InForceStatus(Part):
    """The generation that was carried out last: it stays in force, and is repaired."""

    generation: Annotated[int, Field(ge=1)]
    class_name: ShortText | None = None
    """The GoProxyClass that admitted it."""
    spec: (
        Annotated[
            dict[str, Any],
            Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True, "x-kubernetes-map-type": "atomic"}),
        ]
        | None
    ) = None
    """Its spec, over the defaults that its class had then. Absent where nobody knows it, or where it is very large."""


class Status(Part):
    """All that the operator says of a fleet. Figures are absent before the first report."""

    observed_generation: int | None = None
    replicas: int | None = None
    ready_replicas: int | None = None
    selector: ShortText | None = None
    """Selects the fleet's pods; the scale subresource needs it."""
    endpoint: Annotated[str, StringConstraints(max_length=1024)] | None = None
    """What to put into GOPROXY inside the cluster."""
    hit_rate_percent: Percent | None = None
    """Of the last ten minutes; a hit is an answer for which no request left the fleet, refusals not counted."""
    requests_per_second: int | None = None
    storage: StorageStatus | None = None
    claim_size: Bytes | None = None
    """What the replicas' volumes have, while that is less than what is asked for. cache.storage.size may go back to
    it."""
    in_force: InForceStatus | None = None
    """Only there while the newest generation is not carried out."""
    replica_status: Annotated[
        Items[ReplicaStatus], Field(max_length=MOST_REPLICAS, json_schema_extra=_list_map("name"))
    ] = ()
    conditions: Annotated[Items[Condition], Field(max_length=32, json_schema_extra=_list_map("type"))] = ()
