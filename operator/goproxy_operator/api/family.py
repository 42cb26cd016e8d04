"""`spec.cache.parent` and `spec.access.children`: the fleet that is asked before upstream, and by whom."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from goproxy_operator.api.fields import LabelValue, keys_rule
from goproxy_operator.api.part import Part
from goproxy_operator.api.rule import Rule, Ruled, Rules, matching

NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name"
"""On every namespace, set by the API server: its own name."""

_FLEET_RULES: Rules[str] = (
    matching("^[a-z]([-a-z0-9]*[a-z0-9])?$", "{self} is no name of a GoProxy: write for example org-cache"),
)
FleetName = Annotated[str, StringConstraints(min_length=1, max_length=40), Ruled(_FLEET_RULES)]
_NAMESPACE_RULES: Rules[str] = (
    matching("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "{self} is no name of a namespace: write for example platform"),
)
NamespaceName = Annotated[str, StringConstraints(min_length=1, max_length=63), Ruled(_NAMESPACE_RULES)]


class ParentSpec(Part):
    """Another GoProxy of this cluster, which has to consent by its access.children."""

    name: FleetName
    """The name of the GoProxy."""
    namespace: NamespaceName | None = None
    """Default: that of the fleet."""


class ChildNamespaces(StrEnum):
    """Which namespaces' fleets may have a fleet as their parent."""

    SAME = "Same"
    ALL = "All"
    SELECTOR = "Selector"


_SELECTOR_LABELS_RULES: Rules[dict[str, str]] = (keys_rule("labels", "example.com/tier"),)


class ChildSelector(Part):
    """Labels of namespaces, all of which have to match."""

    match_labels: Annotated[dict[str, LabelValue], Field(min_length=1, max_length=16), Ruled(_SELECTOR_LABELS_RULES)]
    """Labels that have to match."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether a namespace with these labels is meant."""
        return all(labels.get(key) == value for key, value in self.match_labels.items())


_CHILDREN_RULES: Rules["ChildrenSpec"] = (
    Rule(
        cel="(self.namespaces == 'Selector') == has(self.selector)",
        holds=lambda spec: (spec.namespaces is ChildNamespaces.SELECTOR) == (spec.selector is not None),
        message="namespaces Selector and selector belong together: write both, or namespaces Same or All alone",
    ),
)


class ChildrenSpec(Part):
    """Which fleets may have this one as cache.parent. They may read and fetch all that the fleet may."""

    RULES: ClassVar = _CHILDREN_RULES

    namespaces: Annotated[ChildNamespaces, Field(strict=False)]
    """Same: those of this namespace. All: those of every namespace. Selector: of those that selector matches."""
    selector: ChildSelector | None = None
    """The labels of the namespaces."""

    def admits(self, own: str, namespace: str, labels: Mapping[str, str]) -> bool:
        """Say whether a fleet of `own` admits children of a namespace with these labels."""
        match self.namespaces:
            case ChildNamespaces.ALL:
                return True
            case ChildNamespaces.SAME:
                return namespace == own
            case ChildNamespaces.SELECTOR:
                known = {**labels, NAMESPACE_NAME_LABEL: namespace}
                return self.selector is not None and self.selector.matches(known)
