"""`spec.pod.affinity` of the object: Kubernetes' own, field by field.

The API server refuses a StatefulSet with an unknown field, so that unknown fields are refused here already. Fields and
bounds are those of core/v1 Affinity.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from goproxy_operator.api.fields import KEY, NAME_LENGTH, LabelValue, check_keys
from goproxy_operator.api.part import ATOMIC, Items, Part
from goproxy_operator.api.rule import ModelRule, Ruled, Rules

_MOST = 32
KeyText = Annotated[str, StringConstraints(min_length=1, max_length=317, pattern=KEY)]
"""The key of a label. A rule for each would make the definition twice as long."""
LabelKeys = Annotated[Items[KeyText], Field(max_length=_MOST, json_schema_extra=ATOMIC)]
Weight = Annotated[int, Field(ge=1, le=100)]


class NodeOperator(StrEnum):
    """How a label of a node is compared."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"
    GREATER = "Gt"
    LESS = "Lt"


class LabelOperator(StrEnum):
    """How a label of a pod or a namespace is compared."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


Values = Annotated[
    Items[Annotated[str, StringConstraints(max_length=NAME_LENGTH)]], Field(max_length=_MOST, json_schema_extra=ATOMIC)
]


class NodeRequirement(Part):
    """What a label or a field of a node has to be."""

    key: KeyText
    """The label, or the field, such as metadata.name."""
    operator: Annotated[NodeOperator, Field(strict=False)]
    values: Values = ()
    """What it is compared with; none with Exists and DoesNotExist."""


NodeRequirements = Annotated[Items[NodeRequirement], Field(max_length=_MOST, json_schema_extra=ATOMIC)]


class NodeTerm(Part):
    """Nodes for which all of this holds."""

    match_expressions: NodeRequirements = ()
    """Requirements on labels."""
    match_fields: NodeRequirements = ()
    """Requirements on fields."""


class NodeSelector(Part):
    """Nodes for which one of the terms holds."""

    node_selector_terms: Annotated[Items[NodeTerm], Field(min_length=1, max_length=_MOST, json_schema_extra=ATOMIC)]
    """The terms."""


class PreferredNodes(Part):
    """Nodes that are liked the more, the larger the weight is."""

    weight: Weight
    """From 1 to 100."""
    preference: NodeTerm


class NodeAffinity(Part):
    """On which nodes."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    preferred_during_scheduling_ignored_during_execution: Annotated[
        Items[PreferredNodes], Field(max_length=_MOST, json_schema_extra=ATOMIC)
    ] = ()
    """Nodes that are preferred."""


class LabelRequirement(Part):
    """What a label has to be."""

    key: KeyText
    """The label."""
    operator: Annotated[LabelOperator, Field(strict=False)]
    values: Values = ()
    """What it is compared with; none with Exists and DoesNotExist."""


_MATCH_LABELS: Rules[dict[str, str]] = (
    ModelRule(check_keys, because="the definition has eight such fields, and would be too long with a rule for each"),
)


class LabelSelector(Part):
    """Pods or namespaces for which all of this holds; an empty one selects all."""

    match_labels: Annotated[dict[str, LabelValue], Field(max_length=_MOST), Ruled(_MATCH_LABELS)] | None = None
    """Labels that have to match."""
    match_expressions: Annotated[Items[LabelRequirement], Field(max_length=_MOST, json_schema_extra=ATOMIC)] = ()
    """Requirements on labels."""


class PodTerm(Part):
    """Pods, and what of a node is to be the same as theirs."""

    label_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    namespaces: LabelKeys = ()
    """Where the pods are. Default: the namespace of the fleet."""
    topology_key: KeyText
    """The label of nodes that says which nodes are one place."""
    match_label_keys: LabelKeys = ()
    """Labels that the pods have to share with the replica."""
    mismatch_label_keys: LabelKeys = ()
    """Labels in which the pods have to differ from the replica."""


class PreferredPods(Part):
    """Pods whose places are liked the more, the larger the weight is."""

    weight: Weight
    """From 1 to 100."""
    pod_affinity_term: PodTerm


class PodAffinity(Part):
    """Beside which pods, or not."""

    required_during_scheduling_ignored_during_execution: Annotated[
        Items[PodTerm], Field(max_length=_MOST, json_schema_extra=ATOMIC)
    ] = ()
    """What has to hold."""
    preferred_during_scheduling_ignored_during_execution: Annotated[
        Items[PreferredPods], Field(max_length=_MOST, json_schema_extra=ATOMIC)
    ] = ()
    """What is preferred."""


class Affinity(Part):
    """Where replicas are scheduled, and beside what; as in a pod."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None
