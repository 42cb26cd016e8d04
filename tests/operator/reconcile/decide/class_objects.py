"""Classes and fleets for tables, and what a class makes of a fleet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goproxy_operator.api.goproxyclass import FleetClass, parse_class
from goproxy_operator.reconcile.decide.classes import Admitted, admit
from goproxy_operator.reconcile.decide.problem import Problem
from tests.operator.objects import UID, document

BUILD = {"kubernetes.io/metadata.name": "build", "tier": "build"}


def a_class(name: str = "standard", /, created: str = "2026-01-01T00:00:00Z", **spec: Any) -> FleetClass:
    return parse_class({"metadata": {"name": name, "creationTimestamp": created}, "spec": spec})


def judged(*classes: FleetClass, labels: dict[str, str] = BUILD, **spec: Any) -> Admitted | Problem:
    item = document(**spec)
    item["metadata"] |= {"namespace": "build", "uid": UID, "generation": 3}
    return admit(item, {one.name: one for one in classes}, labels)


def refused(*classes: FleetClass, labels: dict[str, str] = BUILD, **spec: Any) -> tuple[str, str]:
    result = judged(*classes, labels=labels, **spec)
    assert isinstance(result, Problem), "it is admitted"
    return result.reason, result.message


def admitted(*classes: FleetClass, **spec: Any) -> Admitted:
    result = judged(*classes, **spec)
    assert isinstance(result, Admitted), result
    return result


def holds(one: FleetClass, spec: Mapping[str, Any], message: str | None) -> None:
    """Check that the class admits a fleet with this spec, or refuses it with words that contain `message`."""
    if message is None:
        admitted(one, **spec)
    else:
        assert message in refused(one, **spec)[1]
