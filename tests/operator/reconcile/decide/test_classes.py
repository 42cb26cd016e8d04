"""Classes, in tables: who may use which, what a fleet becomes by one, and what passes a limit."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.api.goproxyclass import FleetClass
from goproxy_operator.desired.config_map import documents
from goproxy_operator.reconcile.decide.classes import choose_class, merged
from modproxy.contract.config import parse_config
from tests.operator.reconcile.decide.class_objects import BUILD, a_class, admitted, refused


def test_without_any_class_everything_is_allowed() -> None:
    assert admitted(replicas=200).goproxy.spec.replicas == 200


TIGHT = a_class("tight", namespaceSelector={"matchLabels": {"tier": "build"}}, limits={"maxReplicas": 3})


OTHER = a_class("other", namespaceSelector={"matchLabels": {"tier": "test"}}, default=True)


NOBODY = a_class("nobody", namespaceSelector={"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]})


@pytest.mark.parametrize(
    ("classes", "name", "message"),
    [
        ([TIGHT], "tihgt", "spec.className: there is no GoProxyClass tihgt: write one of those that do, tight"),
        ([], "tight", "spec.className: there is no GoProxyClass tight, nor does any other: ask whoever keeps the"),
        (
            [TIGHT, OTHER],
            "other",
            "spec.className: GoProxyClass other does not admit namespace build: write one of those that do, tight",
        ),
        (
            [TIGHT, OTHER],
            None,
            "spec.className is not given, and no default GoProxyClass admits namespace build: write one of those",
        ),
        (
            [OTHER, NOBODY],
            None,
            "no default GoProxyClass admits namespace build, nor does any other: ask whoever keeps the classes for "
            "one whose namespaceSelector matches the labels of namespace build",
        ),
    ],
)
def test_not_admitted(classes: list[FleetClass], name: str | None, message: str) -> None:
    spec: dict[str, Any] = {"className": name} if name else {}
    reason, told = refused(*classes, **spec)
    assert reason == "ClassNotAdmitted"
    assert message in told


@pytest.mark.parametrize(
    ("classes", "chosen"),
    [
        ([a_class("a"), a_class("b", default=True)], "b"),
        ([a_class("a", "2026-01-01T00:00:00Z", default=True), a_class("b", "2026-01-02T00:00:00Z", default=True)], "b"),
        ([a_class("b", default=True), a_class("a", default=True)], "a"),
        ([OTHER, a_class("a", "2020-01-01T00:00:00Z", default=True)], "a"),
    ],
    ids=["the default", "the newest", "the first by name", "one that admits"],
)
def test_the_default(classes: list[FleetClass], chosen: str) -> None:
    result = choose_class(None, "build", {one.name: one for one in classes}, BUILD)
    assert isinstance(result, FleetClass)
    assert result.name == chosen


@pytest.mark.parametrize(
    ("own", "defaults", "result"),
    [
        ({}, {"replicas": 3}, {"replicas": 3}),
        ({"replicas": 1}, {"replicas": 3}, {"replicas": 1}),
        ({"replicas": 0}, {"autoscaling": {"maxReplicas": 3}}, {"replicas": 0}),
        ({"autoscaling": {"maxReplicas": 3}}, {"replicas": 2}, {"autoscaling": {"maxReplicas": 3}}),
        (
            {"autoscaling": {"maxReplicas": 3}},
            {"autoscaling": {"maxReplicas": 9, "minReplicas": 2}},
            {"autoscaling": {"maxReplicas": 3, "minReplicas": 2}},
        ),
        (
            {"cache": {"storage": {"size": "1Gi"}}},
            {"cache": {"listTTL": "5s", "storage": {"size": "9Gi", "storageClassName": "fast"}}},
            {"cache": {"listTTL": "5s", "storage": {"size": "1Gi", "storageClassName": "fast"}}},
        ),
        ({"modules": {"deny": ["a"]}}, {"modules": {"deny": ["b", "c"]}}, {"modules": {"deny": ["a"]}}),
        ({"modules": {"deny": []}}, {"modules": {"deny": ["b"]}}, {"modules": {"deny": []}}),
        ({"modules": None}, {"modules": {"minimumAge": "72h"}}, {"modules": {"minimumAge": "72h"}}),
        ({"modules": {"minimumAge": None}}, {"modules": {"minimumAge": "72h"}}, {"modules": {"minimumAge": "72h"}}),
        ({"audit": None}, {"audit": {"enabled": True}}, {"audit": {"enabled": True}}),
        ({"pod": {"labels": {"a": "1"}}}, {"pod": {"labels": {"b": "2"}}}, {"pod": {"labels": {"a": "1", "b": "2"}}}),
    ],
)
def test_defaults(own: dict[str, Any], defaults: dict[str, Any], result: dict[str, Any]) -> None:
    assert merged(own, defaults) == result


def test_what_is_wrong_only_with_the_defaults_is_told_so() -> None:
    warm = a_class(default=True, defaults={"cache": {"highWatermarkPercent": 80}})
    reason, message = refused(warm, cache={"lowWatermarkPercent": 82})
    assert reason == "InvalidSpec"
    assert message.startswith("with the defaults of GoProxyClass standard: spec.cache: lowWatermarkPercent 82 is not")
    _, message = refused(warm, cache={"listTTL": "soon"})
    assert message.startswith('spec.cache.listTTL: "soon" is not a duration')


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"defaults": {"replicas": "many"}}, "spec.defaults.replicas: "),
        ({"defaults": {"className": "other"}}, "spec: defaults.className: a class cannot choose another: remove it"),
        ({"defaults": {"replica": 1}}, "spec.defaults.replica: unknown field: remove it, or check its spelling"),
        ({"limits": {"maxStorage": "much"}}, 'spec.limits.maxStorage: "much" is not a size'),
        ({"limits": {"upstreams": ["goproxy.example.com"]}}, '"goproxy.example.com" is neither direct nor one URL'),
        ({"limits": {"upstreams": ["https://a.example.com,direct"]}}, "is neither direct nor one URL with its scheme"),
        ({"limits": {"upstreams": ["off"]}}, '"off" is neither direct nor one URL'),
        ({"limits": {"upstreams": ["https://u:p@a.example.com"]}}, "credentials do not belong into the URL"),
        ({"limits": {"images": ["[a"]}}, "spec.limits.images[0]: '[a' has a [ without its ]"),
        ({"limits": {"exposure": ["Internet"]}}, "spec.limits.exposure[0]: "),
        ({"modules": {"deny": ["a//b"]}}, 'spec.modules.deny[0]: "a//b" has an empty path element'),
        ({"more": 1}, "spec.more: unknown field"),
    ],
)
def test_a_bad_class_is_told_on_the_fleet_and_lets_nothing_through(spec: dict[str, Any], problem: str) -> None:
    reason, message = refused(a_class(default=True, **spec))
    assert reason == "ClassInvalid"
    assert message.startswith("GoProxyClass standard cannot be used until whoever keeps it has mended it: ")
    assert problem in message
    assert "\n" not in message


def test_a_class_whose_selector_is_bad_admits_nobody() -> None:
    broken = a_class(default=True, namespaceSelector={"matchExpressions": [{"key": "a", "operator": "In"}]})
    assert refused(broken)[0] == "ClassNotAdmitted"


AUTOSCALING = {"maxReplicas": 11, "targetRequestsPerSecond": 400}


def test_modules_of_a_class_reach_the_replicas_beside_the_fleets_own() -> None:
    strict = a_class(default=True, modules={"allow": ["example.com"], "deny": ["example.com/evil"]})
    result = admitted(strict, modules={"mode": "DryRun", "allow": ["example.org"]})
    modules = parse_config(documents(result.goproxy, 1, None, result.imposed).config).modules
    assert modules.imposed is not None
    assert (modules.imposed.by, modules.imposed.allow, modules.imposed.deny) == (
        "GoProxyClass standard",
        ("example.com",),
        ("example.com/evil",),
    )
    assert modules.allow == ("example.org",)
    lax = admitted(a_class(default=True), modules={"allow": ["example.org"]})
    assert parse_config(documents(lax.goproxy, 1, None, lax.imposed).config).modules.imposed is None
