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
MOST_HELP = 8
"""More links than anybody follows at a time."""
UNSEEN = {"observedGeneration": -1}
"""The status of a new object, by the only default of the CRD. Without it kstatus would take a new object, which has no
condition yet, for one that is done."""


def _list_map(key: str) -> dict[str, Any]:
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


class Condition(Part):
    """One statement about the fleet, as in metav1.Condition."""

    type: Annotated[str, StringConstraints(max_length=64)]
    """What the statement is about."""
    status: Annotated[str, StringConstraints(max_length=16, pattern="^(True|False|Unknown)$")]
    """True, False or Unknown."""
    reason: Annotated[str, StringConstraints(max_length=REASON_LENGTH)]
    """Why, in one word for programs."""
    message: Annotated[str, StringConstraints(max_length=MESSAGE_LENGTH)]
    """What holds, why, and what to do."""
    observed_generation: int
    """The generation of the object that the statement is about."""
    last_transition_time: Annotated[str, Field(json_schema_extra={"format": "date-time"}, max_length=40)]
    """Since when the status is what it is."""


class StorageStatus(Part):
    """The fullest replica's cache; `used` counts our own bytes."""

    used: Bytes
    """The bytes of the fullest cache."""
    capacity: Bytes
    """How many bytes that cache may have."""
    percent: Percent
    """How full that is."""


class RefusalStatus(Part):
    """How many requests one kind of rules refused in the last ten minutes, rounded down: 1, 2, 5, 10, 20, 50 ..."""

    rule: Annotated[str, StringConstraints(max_length=64)]
    """The kind: class, identity, access, modules, vulnerabilities, age or licenses."""
    count: int
    """The number of requests."""


class ReplicaStatus(Part):
    """One replica, as it last reported; figures are absent before its first report."""

    name: ShortText
    """The name of its pod."""
    ready: bool
    """Whether it serves."""
    hit_rate_percent: Percent | None = None
    """Of its last ten minutes."""
    used: Bytes | None = None
    """The bytes of its cache."""
    capacity: Bytes | None = None
    """How many bytes its cache may have."""
    config: Annotated[str, StringConstraints(max_length=64)] | None = None
    """The hash of the config in force."""


class PeersStatus(Part):
    """How the replicas see each other: by the one that sees the fewest."""

    seen: int
    """How many others answer it."""
    expected: int
    """How many others there are."""


class ObjectStoreStatus(Part):
    """How the object store fares."""

    waiting: int
    """Files that are still to be written to it, all replicas together, rounded down: 1, 2, 5, 10, 20, 50 ..."""


class ParentStatus(Part):
    """The fleet that cache.parent names."""

    name: ShortText
    """As NAMESPACE/NAME."""
    used: bool
    """Whether it is asked before upstream."""


class InForceStatus(Part):
    """The generation that was carried out last: it stays in force, and is repaired."""

    generation: Annotated[int, Field(ge=1)]
    """Its metadata.generation."""
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
    """The newest generation of the object that the operator has looked at."""
    ready: Annotated[str, StringConstraints(max_length=16)] | None = None
    """How many replicas are ready, of how many that are asked for, for people: `1/2`."""
    replicas: int | None = None
    """How many replicas there are."""
    ready_replicas: int | None = None
    """How many of them serve."""
    selector: ShortText | None = None
    """Selects the fleet's pods; the scale subresource needs it."""
    endpoint: Annotated[str, StringConstraints(max_length=1024)] | None = None
    """What to put into GOPROXY inside the cluster."""
    hit_rate_percent: Percent | None = None
    """Of the last ten minutes; a hit is an answer for which no request left the fleet, refusals not counted."""
    requests_per_second: int | None = None
    """Of the last minute, all replicas together."""
    refusals: Annotated[Items[RefusalStatus], Field(max_length=16, json_schema_extra=_list_map("rule"))] = ()
    """What was refused in the last ten minutes, all replicas together, by the kind of the rule; absent where nothing
    was."""
    storage: StorageStatus | None = None
    peers: PeersStatus | None = None
    """Absent with one replica."""
    object_store: ObjectStoreStatus | None = None
    """Absent while nothing waits."""
    parent: ParentStatus | None = None
    claim_size: Bytes | None = None
    """What the replicas' volumes have, while that is less than what is asked for. cache.storage.size may go back to
    it."""
    in_force: InForceStatus | None = None
    """Only there while the newest generation is not carried out."""
    replica_status: Annotated[
        Items[ReplicaStatus], Field(max_length=MOST_REPLICAS, json_schema_extra=_list_map("name"))
    ] = ()
    """Each replica, as it last reported."""
    conditions: Annotated[Items[Condition], Field(max_length=32, json_schema_extra=_list_map("type"))] = ()
    """What holds of the fleet, and what to do about it."""
    help: Annotated[
        Items[Annotated[str, StringConstraints(max_length=1024)]],
        Field(max_length=MOST_HELP, json_schema_extra={"x-kubernetes-list-type": "atomic"}),
    ] = ()
    """Where more is written about the reasons of conditions that ask for somebody."""
