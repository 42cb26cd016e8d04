"""Reads of an object what other fleets have to know of it: what is in force, with the defaults of its class. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from goproxy_operator.api.goproxy import GoProxy, InvalidGoProxyError, parse_goproxy
from goproxy_operator.desired import names
from goproxy_operator.kube.resources import Key, Object
from goproxy_operator.reconcile.decide.classes import Admitted
from goproxy_operator.reconcile.decide.family import STRANGER, Relative
from goproxy_operator.reconcile.decide.in_force import GenerationInForce, is_suspended
from goproxy_operator.reconcile.decide.problem import Problem

_TIES = (("cache", "parent"), ("access", "children"))


def may_have_ties(specs: Iterable[Any]) -> bool:
    """Say whether any of the specs, as they are written, names a parent or consents to children."""
    return any(_is_written(spec, section, field) for spec in specs for section, field in _TIES)


def relative(
    item: Object,
    outcome: Admitted | Problem,
    in_force: GenerationInForce | None,
    labels: Callable[[str], Mapping[str, str] | None],
) -> Relative:
    """Return what others have to know of an object. `labels` returns those of a namespace, as far as they are known."""
    goproxy = _in_force(item, outcome, in_force)
    if goproxy is None:
        return STRANGER
    spec, metadata = goproxy.spec, goproxy.metadata
    named, access = spec.cache.parent, spec.access
    own = Key(metadata.namespace, metadata.name)
    parent = Key(named.namespace or metadata.namespace, named.name) if named is not None else None
    if parent == own and not _is_written(item.get("spec"), "cache", "parent"):
        parent = None  # a class names one parent for all its fleets, and this one is that parent
    consent = access.children if access is not None else None
    if parent is None and consent is None:
        return STRANGER
    return Relative(
        account=names.account(metadata.name, metadata.namespace, spec.pod.service_account_name),
        parent=parent,
        consent=consent,
        labels=labels(metadata.namespace) if parent is not None else None,
        created=item["metadata"].get("creationTimestamp", ""),
    )


def _in_force(item: Object, outcome: Admitted | Problem, in_force: GenerationInForce | None) -> GoProxy | None:
    if isinstance(outcome, Admitted) and not is_suspended(item):
        return outcome.goproxy
    if in_force is None or in_force.spec is None:
        return None
    try:
        return parse_goproxy({**item, "spec": in_force.spec})
    except InvalidGoProxyError:
        return None


def _is_written(spec: Any, section: str, field: str) -> bool:
    found = spec.get(section) if isinstance(spec, Mapping) else None
    return isinstance(found, Mapping) and found.get(field) is not None
