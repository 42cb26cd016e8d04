"""`spec.pod`: what the pods of the replicas carry besides what the operator gives them."""

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, StringConstraints

from goproxy_operator.api.affinity import Affinity
from goproxy_operator.api.fields import Annotations, Labels, LabelValue, Name, ObjectName
from goproxy_operator.api.part import ATOMIC, Items, Part
from goproxy_operator.api.rule import ModelRule, Rule, Ruled, Rules
from goproxy_operator.quantity import parse_quantity


def _whole_number(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_QUANTITY_RULES: Rules[str] = (
    ModelRule(parse_quantity, because="the field takes a number as well as a string, and CEL has no such type"),
)
Quantity = Annotated[
    str,
    BeforeValidator(_whole_number),
    Ruled(_QUANTITY_RULES),
    Field(json_schema_extra={"x-kubernetes-int-or-string": True, "type": None}, max_length=32),
]
"""Any quantity as containers have them: `500m`, `1Gi`, `2`."""


class ResourcesSpec(Part):
    """What a replica's container asks for, and may use at most."""

    requests: Annotated[dict[str, Quantity], Field(max_length=16)] | None = None
    limits: Annotated[dict[str, Quantity], Field(max_length=16)] | None = None


class Toleration(Part):
    """A taint that replicas put up with; the fields are those of Kubernetes."""

    key: Annotated[str, StringConstraints(max_length=317)] | None = None
    operator: Annotated[str, StringConstraints(max_length=16)] | None = None
    value: Annotated[str, StringConstraints(max_length=63)] | None = None
    effect: Annotated[str, StringConstraints(max_length=32)] | None = None
    toleration_seconds: int | None = None


class LocalObjectReference(Part):
    """A Secret of the same namespace."""

    name: Name


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
    node_selector: Annotated[dict[str, LabelValue], Field(max_length=64)] | None = None
    tolerations: Annotated[Items[Toleration], Field(max_length=64, json_schema_extra=ATOMIC)] = ()
    affinity: Affinity | None = None
    labels: Labels | None = None
    annotations: (
        Annotated[dict[str, Annotated[str, StringConstraints(max_length=4096)]], Field(max_length=64)] | None
    ) = None
    priority_class_name: Annotated[str, StringConstraints(max_length=253)] | None = None
    image_pull_secrets: Annotated[
        Items[LocalObjectReference],
        Field(
            max_length=16, json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
        ),
    ] = ()
    service_account_name: ObjectName | None = None
    """A ServiceAccount of yours. Default: one that the operator makes. No token of either is mounted."""
    service_account_annotations: Annotations | None = None
    """On the ServiceAccount that the operator makes: what your cloud's workload identity reads."""
