"""`GoProxyClass`, cluster-scoped: what a platform team allows the fleets of some namespaces."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, ValidationError

from goproxy_operator.api.errors import told
from goproxy_operator.api.fields import LabelKey, LabelValue, MatchLabels
from goproxy_operator.api.limits import LimitsSpec, Profile
from goproxy_operator.api.part import ATOMIC, Items, Part
from goproxy_operator.api.patterns import Patterns
from goproxy_operator.api.rule import ModelRule, Rule, Rules, ServerRule
from goproxy_operator.api.spec import GoProxySpec

CLASS_KIND = "GoProxyClass"
CLASS_PLURAL = "goproxyclasses"
CLASS_SHORT_NAME = "gopc"


class SelectorOperator(StrEnum):
    """How a label is compared, as in metav1.LabelSelector."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


_EXPRESSION_RULES: Rules["LabelExpression"] = (
    Rule(
        cel="(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
        holds=lambda expression: (
            (expression.operator in (SelectorOperator.IN, SelectorOperator.NOT_IN)) == bool(expression.values)
        ),
        message="In and NotIn want values, Exists and DoesNotExist want none",
    ),
)


class LabelExpression(Part):
    """One requirement on a label."""

    RULES: ClassVar = _EXPRESSION_RULES

    key: LabelKey
    """The label."""
    operator: Annotated[SelectorOperator, Field(strict=False)]
    values: Annotated[Items[LabelValue], Field(max_length=64, json_schema_extra=ATOMIC)] = ()
    """What it is compared with; none with Exists and DoesNotExist."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether the labels meet the requirement. Source: k8s.io/apimachinery/pkg/labels (Requirement.Matches)."""
        value = labels.get(self.key)
        match self.operator:
            case SelectorOperator.IN:
                return value in self.values
            case SelectorOperator.NOT_IN:
                return value not in self.values
            case SelectorOperator.EXISTS:
                return value is not None
            case SelectorOperator.DOES_NOT_EXIST:
                return value is None


class NamespaceSelector(Part):
    """Labels that have to match, all of them, as in metav1.LabelSelector."""

    match_labels: MatchLabels | None = None
    """Labels that have to match."""
    match_expressions: Annotated[Items[LabelExpression], Field(max_length=64, json_schema_extra=ATOMIC)] = ()
    """Requirements on labels."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether the labels meet all requirements. An empty selector matches everything."""
        return all(labels.get(key) == value for key, value in (self.match_labels or {}).items()) and all(
            expression.matches(labels) for expression in self.match_expressions
        )


class ClassModulesSpec(Part):
    """What may be served, in force on top of what a fleet says, and enforced even where that says DryRun."""

    allow: Patterns = ()
    """Patterns as in GOPRIVATE that a module has to match besides the fleet's own. Empty: everything not denied."""
    deny: Patterns = ()
    """Patterns as in GOPRIVATE."""


class Enforcement(StrEnum):
    """Whether a class counts, or only tells what it would do."""

    ENFORCE = "Enforce"
    AUDIT = "Audit"


class _Admission(Part):
    """Says who may use a class. It is read by itself, so that other fields that are bad do not hide it."""

    model_config = ConfigDict(extra="ignore")

    default: bool | None = None
    """For fleets that name no class. Of several that admit a namespace the newest is taken, of equally new ones the
    first by name, as with StorageClasses. Default: false."""
    namespace_selector: NamespaceSelector | None = None
    """The labels of namespaces whose fleets may use the class. Default: all namespaces."""
    enforcement: Annotated[Enforcement, Field(strict=False)] | None = None
    """Audit: a dry run, in which the class refuses nothing, and neither its defaults nor its modules count. The status
    lists the fleets that it would refuse. Default: Enforce."""


def _check_no_class_of_a_class(spec: "GoProxyClassSpec") -> None:
    if spec.defaults is not None and spec.defaults.class_name is not None:
        raise ValueError("defaults.className: a class cannot choose another: remove it")


_CLASS_RULES: Rules["GoProxyClassSpec"] = (
    ModelRule(_check_no_class_of_a_class, because="the CRD has no such field, which the API server refuses"),
)
CLASS_OBJECT_RULES: Rules[None] = (
    ServerRule(
        cel="self.metadata.name.size() <= 63",
        message="metadata.name must have at most 63 characters: write for example standard",
        because="a class is read from an API server only",
    ),
)
"""Of the whole object."""


class GoProxyClassSpec(_Admission):
    """What the fleets of a class may be."""

    model_config = ConfigDict(extra="forbid")
    RULES: ClassVar = _CLASS_RULES

    defaults: GoProxySpec | None = None
    """Any fields of a GoProxy's spec but className, under the fleet's own: objects are merged, all else is replaced.
    They are not held to the profile."""
    profile: Annotated[Profile, Field(strict=False)] | None = None
    """Which fields of a spec are the fleet's to write. Restricted: size, replicas, autoscaling, times, modules,
    goprivate. Baseline adds credentials, resources, node selectors. Privileged: all. Default: Restricted."""
    limits: LimitsSpec = LimitsSpec()
    modules: ClassModulesSpec = ClassModulesSpec()


@dataclass(frozen=True, slots=True)
class FleetClass:
    """Carries a class to those who judge fleets. `created` is its creationTimestamp; `defaults` is plain JSON."""

    name: str
    created: str = ""
    default: bool = False
    selector: NamespaceSelector | None = field(default_factory=NamespaceSelector)
    """None where it cannot be read. The class then admits nobody."""
    profile: Profile = Profile.RESTRICTED
    limits: LimitsSpec = field(default_factory=LimitsSpec)
    modules: ClassModulesSpec = field(default_factory=ClassModulesSpec)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    audits: bool = False
    """The class only tells what it would refuse."""
    problem: str = ""
    """Why no fleet can be made with the class; one line."""

    def admits(self, labels: Mapping[str, str]) -> bool:
        """Say whether fleets may use the class whose namespace has these labels."""
        return self.selector is not None and self.selector.matches(labels)


def parse_class(document: Mapping[str, Any]) -> FleetClass:
    """Read a class as the API server gives it. The fleets that use the class tell what is wrong with it."""
    metadata, written = document["metadata"], document.get("spec") or {}
    name, created = metadata["name"], metadata.get("creationTimestamp", "")
    text = json.dumps(written)
    try:
        admission = _Admission.model_validate_json(text)
    except ValidationError as e:
        return FleetClass(name, created, selector=None, problem="; ".join(told(e, "spec")))
    default, selector = bool(admission.default), admission.namespace_selector or NamespaceSelector()
    audits = admission.enforcement is Enforcement.AUDIT
    try:
        spec = GoProxyClassSpec.model_validate_json(text)
    except ValidationError as e:
        return FleetClass(name, created, default, selector, audits=audits, problem="; ".join(told(e, "spec")))
    return FleetClass(
        name,
        created,
        default,
        selector,
        profile=spec.profile or Profile.RESTRICTED,
        limits=spec.limits,
        modules=spec.modules,
        defaults=written.get("defaults") or {},
        audits=audits,
    )
