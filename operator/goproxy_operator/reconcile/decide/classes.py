"""Which class a fleet is of, and what the fleet becomes by it. Pure.

Once any class exists, only what a class admits is carried out: a tenant who names no class, or another, gains nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from goproxy_operator.api.goproxy import GoProxy, InvalidGoProxyError, parse_goproxy
from goproxy_operator.api.goproxyclass import CLASS_KIND, FleetClass
from goproxy_operator.kube.resources import Object
from goproxy_operator.reconcile.decide.combinations import combined_breaches
from goproxy_operator.reconcile.decide.limits import breaches
from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.profile import profile_breaches
from modproxy.contract.config import Imposed

Classes = Mapping[str, FleetClass]
"""All classes by name."""
BY = f"{CLASS_KIND} "
"""This stands before the name of the class in `modproxy.contract.config.Imposed.by`."""
_EITHER_OF = (("replicas", "autoscaling"), ("autoscaling", "replicas"))
"""Where a fleet writes the first, the class's default for the second does not count."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The fleet with its class's defaults, and what the class imposes on the modules it serves."""

    goproxy: GoProxy
    imposed: Imposed | None = None
    fleet_class: FleetClass | None = None


def admit(item: Object, classes: Classes | None, labels: Mapping[str, str]) -> Admitted | Problem:
    """Read the object and judge it by its class.

    `labels` are those of its namespace. `classes` is None where classes do not count.
    """
    try:
        spec = spec_of(item)
        name = spec.get("className")
        if classes is None or not isinstance(name, str | None):
            return Admitted(parse_goproxy(item))
        name, classes = that_count(name, classes)
        if not (classes or name):
            return Admitted(parse_goproxy(item))
        chosen = choose_class(name, item["metadata"].get("namespace", ""), classes, labels)
        if isinstance(chosen, Problem):
            return chosen
        return _within(item, spec, chosen)
    except InvalidGoProxyError as e:
        return Problem("InvalidSpec", str(e))


def spec_of(item: Object) -> Mapping[str, Any]:
    """Return the spec as it is written, to be read with care. Raises `InvalidGoProxyError` where it is no object.

    An object that was stored under an older definition may hold what today's definition refuses.
    """
    spec = item.get("spec") or {}
    if not isinstance(spec, Mapping):
        raise InvalidGoProxyError("spec: is no object: write spec: {}")
    return spec


def imposed_by(chosen: FleetClass) -> Imposed | None:
    """Return the rules that a class imposes on the modules of its fleets, if it does."""
    modules = chosen.modules
    if not (modules.allow or modules.deny):
        return None
    return Imposed(by=f"{BY}{chosen.name}", allow=modules.allow, deny=modules.deny)


def that_count(name: str | None, classes: Classes) -> tuple[str | None, Classes]:
    """Return the classes that are no dry run, and the name that a fleet gives unless that is one's.

    A fleet that names a dry run is treated as one that names no class. Otherwise, by naming one, a fleet would pass the
    limits of the classes that count.
    """
    named = None if name is not None and name in classes and classes[name].audits else name
    return named, {one.name: one for one in classes.values() if not one.audits}


def choose_class(name: str | None, namespace: str, classes: Classes, labels: Mapping[str, str]) -> FleetClass | Problem:
    """Return the class that the fleet names, or the default one; a `Problem` where it may not have it."""
    admitting = [one for one in classes.values() if one.admits(labels)]
    if name is not None:
        if name not in classes:
            return _not_admitted(f"spec.className: there is no {CLASS_KIND} {name}", admitting, namespace)
        if classes[name] not in admitting:
            message = f"spec.className: {CLASS_KIND} {name} does not admit namespace {namespace}"
            return _not_admitted(message, admitting, namespace)
        return classes[name]
    # The convention of StorageClasses: the newest default, of equally new ones the first by name.
    defaults = sorted((one for one in admitting if one.default), key=lambda one: one.name)
    if not defaults:
        message = f"spec.className is not given, and no default {CLASS_KIND} admits namespace {namespace}"
        return _not_admitted(message, admitting, namespace)
    return max(defaults, key=lambda one: one.created)


def merged(own: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a fleet's own spec over its class's defaults: objects are merged, lists and plain values replaced."""
    unmeant = {other for written, other in _EITHER_OF if own.get(written) is not None}
    return _merged(own, {key: value for key, value in defaults.items() if key not in unmeant})


def _merged(own: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    # What is null is not written: it must not take a default away.
    result = {**defaults, **{key: value for key, value in own.items() if value is not None}}
    for key in own.keys() & defaults.keys():
        if isinstance(own[key], Mapping) and isinstance(defaults[key], Mapping):
            result[key] = _merged(own[key], defaults[key])
    return result


ADVICE = "; write what the class allows, or ask whoever keeps it for more"


def _within(item: Object, own: Mapping[str, Any], chosen: FleetClass) -> Admitted | Problem:
    if chosen.problem:
        return Problem(
            "ClassInvalid",
            f"{CLASS_KIND} {chosen.name} cannot be used until whoever keeps it has mended it: {chosen.problem}",
        )
    spec = merged(own, chosen.defaults)
    try:
        goproxy = parse_goproxy({**item, "spec": spec})
    except InvalidGoProxyError as e:
        parse_goproxy(item)  # tells what is wrong without the defaults too
        return Problem("InvalidSpec", f"with the defaults of {CLASS_KIND} {chosen.name}: {e}")
    namespace = goproxy.metadata.namespace
    limits = (*breaches(goproxy, spec, chosen), *combined_breaches(own, spec, chosen))
    # What a profile keeps for the platform team is told with what to do about that field.
    found = (*limits, *profile_breaches(own, chosen, namespace))
    if found:
        return Problem("ClassLimitExceeded", "; ".join(found) + (ADVICE if limits else ""))
    return Admitted(goproxy, imposed_by(chosen), chosen)


def _not_admitted(message: str, admitting: list[FleetClass], namespace: str) -> Problem:
    names = ", ".join(sorted(one.name for one in admitting))
    if names:
        return Problem("ClassNotAdmitted", f"{message}: write one of those that do, {names}")
    return Problem(
        "ClassNotAdmitted",
        f"{message}, nor does any other: ask whoever keeps the classes for one whose namespaceSelector matches the "
        f"labels of namespace {namespace}",
    )
