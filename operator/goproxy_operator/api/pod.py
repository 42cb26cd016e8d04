"""`spec.pod`: what the pods of the replicas carry besides what the operator gives them."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from goproxy_operator.api.affinity import Affinity
from goproxy_operator.api.fields import (
    Annotations,
    AnnotationsText,
    LabelKey,
    Labels,
    MatchLabels,
    Name,
    ObjectName,
    keys_rule,
)
from goproxy_operator.api.part import ATOMIC, Items, Part
from goproxy_operator.api.resources import ResourcesSpec
from goproxy_operator.api.rule import Rule, Ruled, Rules
from goproxy_operator.api.toleration import Toleration


class Unsatisfiable(StrEnum):
    """What becomes of a replica for which no node keeps to the constraint."""

    DO_NOT_SCHEDULE = "DoNotSchedule"
    SCHEDULE_ANYWAY = "ScheduleAnyway"


class NodePolicy(StrEnum):
    """Whether nodes that the replicas may not run on count as places to spread over."""

    HONOR = "Honor"
    IGNORE = "Ignore"


_SPREAD_RULES: Rules["TopologySpreadConstraint"] = (
    Rule(
        cel="!has(self.minDomains) || (has(self.whenUnsatisfiable) && self.whenUnsatisfiable == 'DoNotSchedule')",
        holds=lambda spec: spec.min_domains is None or spec.when_unsatisfiable is Unsatisfiable.DO_NOT_SCHEDULE,
        message="minDomains counts with whenUnsatisfiable: DoNotSchedule only: write that too, or remove minDomains",
    ),
)


class TopologySpreadConstraint(Part):
    """How the fleet's replicas are spread over nodes that differ in a label. Only the fleet's own pods count."""

    RULES: ClassVar = _SPREAD_RULES

    topology_key: LabelKey
    """The label of nodes whose values are the places, such as topology.kubernetes.io/zone."""
    max_skew: Annotated[int, Field(ge=1, le=1000)] | None = None
    """By how many replicas two places may differ. Default: 1."""
    when_unsatisfiable: Annotated[Unsatisfiable, Field(strict=False)] | None = None
    """ScheduleAnyway prefers even places, DoNotSchedule lets a replica wait for one. Default: ScheduleAnyway."""
    min_domains: Annotated[int, Field(ge=1, le=1000)] | None = None
    """The least number of places; with fewer, the skew counts from zero."""
    node_affinity_policy: Annotated[NodePolicy, Field(strict=False)] | None = None
    """Whether nodeSelector and affinity decide which nodes count. Default: Honor."""
    node_taints_policy: Annotated[NodePolicy, Field(strict=False)] | None = None
    """Whether taints decide which nodes count. Default: Honor."""


class LocalObjectReference(Part):
    """A Secret of the same namespace."""

    name: Name
    """Its name."""


_POD_ANNOTATIONS_RULES: Rules[dict[str, str]] = (keys_rule("annotations", "example.com/owner"),)
_POD_RULES: Rules["PodSpec"] = (
    Rule(
        cel="!has(self.serviceAccountName) || !has(self.serviceAccountAnnotations)",
        holds=lambda spec: spec.service_account_name is None or spec.service_account_annotations is None,
        message="serviceAccountAnnotations are for the ServiceAccount that the operator makes: annotate the one of "
        "serviceAccountName yourself, or remove that name",
    ),
)


class PodSpec(Part):
    """What the pods of the replicas carry besides what the operator gives them."""

    RULES: ClassVar = _POD_RULES

    resources: ResourcesSpec | None = None
    node_selector: MatchLabels | None = None
    """Labels that a replica's node has to have."""
    tolerations: Annotated[Items[Toleration], Field(max_length=64, json_schema_extra=ATOMIC)] = ()
    """Taints of nodes that replicas put up with."""
    affinity: Affinity | None = None
    topology_spread_constraints: (
        Annotated[
            Items[TopologySpreadConstraint],
            Field(
                max_length=8,
                json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["topologyKey"]},
            ),
        ]
        | None
    ) = None
    """How replicas are spread. Default: over zones and nodes, as far as there is room; an empty list: not at all."""
    labels: Labels | None = None
    """On the pods, beside the operator's own."""
    annotations: Annotated[AnnotationsText, Ruled(_POD_ANNOTATIONS_RULES)] | None = None
    """On the pods, such as what a service mesh or a log collector reads."""
    priority_class_name: Annotated[str, StringConstraints(max_length=253)] | None = None
    """The PriorityClass of the pods, which has to exist."""
    image_pull_secrets: Annotated[
        Items[LocalObjectReference],
        Field(
            max_length=16, json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
        ),
    ] = ()
    """Secrets with the logins of image registries, of type kubernetes.io/dockerconfigjson."""
    service_account_name: ObjectName | None = None
    """A ServiceAccount of yours. Default: one that the operator makes. No token of either is mounted."""
    service_account_annotations: Annotations | None = None
    """On the ServiceAccount that the operator makes: what your cloud's workload identity reads."""
