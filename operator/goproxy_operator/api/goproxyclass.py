"""`GoProxyClass`: what a platform team lets the fleets of some namespaces be. Cluster-scoped."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from goproxy_operator.api import cel_class
from goproxy_operator.api.autoscaling import MOST_REPLICAS
from goproxy_operator.api.errors import field_path, one_line
from goproxy_operator.api.fields import LabelValue, Patterns, Size
from goproxy_operator.api.part import ATOMIC, SET, Items, Part
from goproxy_operator.api.spec import Spec
from modproxy.mod.chain import EntryKind, has_userinfo, parse_chain
from modproxy.mod.pattern import parse_pattern

CLASS_KIND = "GoProxyClass"
CLASS_PLURAL = "goproxyclasses"


def _check_upstream(text: str) -> str:
    if has_userinfo(text):
        raise ValueError("credentials do not belong into the URL: remove the user name and the password before the @")
    entries = parse_chain(text)
    if len(entries) != 1 or entries[0].kind is EntryKind.OFF or (entries[0].url and "://" not in text):
        raise ValueError(
            f"{text!r} is neither direct nor one URL with its scheme: write for example https://goproxy.example.com"
        )
    return text


def _check_image(text: str) -> str:
    parse_pattern(text)
    return text


class Operator(StrEnum):
    """How a label is compared, as in metav1.LabelSelector."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


LabelKey = Annotated[str, StringConstraints(min_length=1, max_length=317)]


class LabelExpression(Part):
    """One requirement on a label."""

    model_config = ConfigDict(json_schema_extra=cel_class.EXPRESSION)

    key: LabelKey
    operator: Annotated[Operator, Field(strict=False)]
    values: Annotated[Items[LabelValue], Field(max_length=64, json_schema_extra=ATOMIC)] = ()

    @model_validator(mode="after")
    def _values_where_they_belong(self) -> "LabelExpression":
        if (self.operator in (Operator.IN, Operator.NOT_IN)) != bool(self.values):
            raise ValueError("In and NotIn want values, Exists and DoesNotExist want none")
        return self

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether labels fulfil it. Source of the rules: k8s.io/apimachinery/pkg/labels (Requirement.Matches)."""
        value = labels.get(self.key)
        match self.operator:
            case Operator.IN:
                return value in self.values
            case Operator.NOT_IN:
                return value not in self.values
            case Operator.EXISTS:
                return value is not None
            case Operator.DOES_NOT_EXIST:
                return value is None


class LabelSelector(Part):
    """Labels that have to match, all of them, as in metav1.LabelSelector."""

    match_labels: Annotated[dict[str, LabelValue], Field(max_length=64)] | None = None
    match_expressions: Annotated[Items[LabelExpression], Field(max_length=64, json_schema_extra=ATOMIC)] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether labels fulfil all; an empty selector matches everything."""
        return all(labels.get(key) == value for key, value in (self.match_labels or {}).items()) and all(
            expression.matches(labels) for expression in self.match_expressions
        )


class Way(StrEnum):
    """A way in which clients reach a fleet."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"
    INGRESS = "Ingress"
    GATEWAY = "Gateway"


UpstreamLimit = Annotated[
    str,
    StringConstraints(max_length=512),
    AfterValidator(_check_upstream),
    Field(json_schema_extra=cel_class.UPSTREAM),
]
ImagePattern = Annotated[
    str, StringConstraints(max_length=256), AfterValidator(_check_image), Field(json_schema_extra=cel_class.IMAGE)
]


class Limits(Part):
    """What no fleet of the class passes, with the class's defaults and the operator's own counted in."""

    max_replicas: Annotated[int, Field(ge=0, le=MOST_REPLICAS)] | None = None
    """For replicas and autoscaling.maxReplicas. Default: no limit."""
    max_storage: Size | None = None
    """For cache.storage.size and growTo, of each replica. Default: no limit."""
    upstreams: Annotated[Items[UpstreamLimit], Field(max_length=64, json_schema_extra=SET)] | None = None
    """What upstream.goproxy may name: these URLs and what is below them, and direct only if it is here. Without
    direct, goprivate and gonoproxy have to be empty. An empty list allows none. Default: no limit."""
    images: Annotated[Items[ImagePattern], Field(max_length=64, json_schema_extra=SET)] | None = None
    """Globs for the whole of image, in which * stops at a slash. The operator's own image is always allowed. An empty
    list allows no other. Default: no limit."""
    exposure: (
        Annotated[
            Items[Annotated[Way, Field(strict=False)]],
            Field(max_length=len(Way), json_schema_extra=SET),
        ]
        | None
    ) = None
    """Ways to reach a fleet. ClusterIP is always allowed: every fleet has it. Default: no limit."""


class ClassModules(Part):
    """What may be served, in force on top of what a fleet says, and enforced even where that says DryRun."""

    allow: Patterns = ()
    """Patterns as in GOPRIVATE that a module has to match besides the fleet's own. Empty: everything not denied."""
    deny: Patterns = ()
    """Patterns as in GOPRIVATE."""


class _Admission(Part):
    """Who may use a class: read by itself, so that a class whose other fields are bad still says whom it is for."""

    model_config = ConfigDict(extra="ignore")

    default: bool | None = None
    """For fleets that name no class. Of several that admit a namespace the newest is taken, of equally new ones the
    first by name, as with StorageClasses. Default: false."""
    namespace_selector: LabelSelector | None = None
    """The labels of namespaces whose fleets may use the class. Default: all namespaces."""


class ClassSpec(_Admission):
    """What the fleets of a class may be."""

    model_config = ConfigDict(extra="forbid")

    defaults: Spec | None = None
    """Any fields of a GoProxy's spec but className, under the fleet's own: objects are merged, all else is replaced."""
    limits: Limits = Limits()
    modules: ClassModules = ClassModules()

    @model_validator(mode="after")
    def _no_class_of_a_class(self) -> "ClassSpec":
        if self.defaults is not None and self.defaults.class_name is not None:
            raise ValueError("defaults.className: a class cannot choose another: remove it")
        return self


@dataclass(frozen=True, slots=True)
class FleetClass:
    """A class, read. `created` is its creationTimestamp, `defaults` as it was written."""

    name: str
    created: str = ""
    default: bool = False
    selector: LabelSelector | None = field(default_factory=LabelSelector)
    """None where it cannot be read: then it admits nobody."""
    limits: Limits = field(default_factory=Limits)
    modules: ClassModules = field(default_factory=ClassModules)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    """Why no fleet can be made with it; one line."""

    def admits(self, labels: Mapping[str, str]) -> bool:
        """Say whether the fleets of a namespace with these labels may use it."""
        return self.selector is not None and self.selector.matches(labels)


def parse_class(document: Mapping[str, Any]) -> FleetClass:
    """Read a class as the API server gives it. What is wrong with it is told on the fleets that use it."""
    metadata, written = document["metadata"], document.get("spec") or {}
    name, created = metadata["name"], metadata.get("creationTimestamp", "")
    text = json.dumps(written)
    try:
        admission = _Admission.model_validate_json(text)
    except ValidationError as e:
        return FleetClass(name, created, selector=None, problem=_first(e))
    default, selector = bool(admission.default), admission.namespace_selector or LabelSelector()
    try:
        spec = ClassSpec.model_validate_json(text)
    except ValidationError as e:
        return FleetClass(name, created, default, selector, problem=_first(e))
    return FleetClass(name, created, default, selector, spec.limits, spec.modules, written.get("defaults") or {})


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{field_path(('spec', *first['loc']))}: {one_line(first['type'], first['msg'])}"
