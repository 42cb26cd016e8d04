"""Classes, in tables: who may use which, what a fleet becomes by one, and what passes a limit."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.api.goproxyclass import FleetClass, parse_class
from goproxy_operator.desired.config_map import documents
from goproxy_operator.reconcile.classes import Admitted, admit, choose, merged
from goproxy_operator.reconcile.limits import breaches
from goproxy_operator.reconcile.problem import Problem
from modproxy.contract.config import parse_config
from tests.operator.objects import UID, document, goproxy

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
    result = choose(None, "build", {one.name: one for one in classes}, BUILD)
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
STORAGE = {"cache": {"storage": {"size": "300Gi"}}}
FROM_PROXY = ["https://goproxy.example.com"]
PASSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {"maxReplicas": 10},
        {"replicas": 11},
        "spec.replicas 11 is more than limits.maxReplicas of GoProxyClass standard 10",
    ),
    ({"maxReplicas": 10}, {"autoscaling": AUTOSCALING}, "spec.autoscaling.maxReplicas 11 is more than limits.max"),
    ({"maxReplicas": 1}, {}, "spec.replicas 2 (the default) is more than limits.maxReplicas"),
    (
        {"maxStorage": "200Gi"},
        STORAGE,
        "spec.cache.storage.size 300Gi is more than limits.maxStorage of GoProxyClass standard 200Gi",
    ),
    ({"maxStorage": "5Gi"}, {}, "spec.cache.storage.size 10Gi (the default) is more than"),
    ({"maxStorage": "200G"}, {"cache": {"storage": {"size": "200Gi"}}}, "spec.cache.storage.size 200Gi is more than"),
    (
        {"upstreams": FROM_PROXY},
        {},
        "spec.upstream.goproxy is not given, so that the replicas' environment would choose: write what is in "
        "limits.upstreams of GoProxyClass standard [https://goproxy.example.com]",
    ),
    (
        {"upstreams": FROM_PROXY},
        {"upstream": {"goproxy": "https://goproxy.example.com,direct"}},
        "spec.upstream.goproxy names direct, which is not in limits.upstreams of GoProxyClass standard [https://gop",
    ),
    (
        {"upstreams": FROM_PROXY},
        {"upstream": {"goproxy": "https://goproxy.example.com|https://evil.example.com"}},
        "spec.upstream.goproxy names https://evil.example.com, which",
    ),
    (
        {"upstreams": FROM_PROXY},
        {"upstream": {"goproxy": "https://goproxy.example.com", "goprivate": ["git.example.com"]}},
        "spec.upstream.goprivate [git.example.com] is fetched directly, and direct is not in limits.upstreams",
    ),
    (
        {"upstreams": FROM_PROXY},
        {"upstream": {"goproxy": "https://goproxy.example.com", "gonoproxy": ["*"]}},
        "spec.upstream.gonoproxy [*] is fetched directly",
    ),
    ({"upstreams": []}, {"upstream": {"goproxy": "https://goproxy.example.com"}}, "names https://goproxy.example.com"),
    (
        {"images": ["registry.example.com/goproxy/*"]},
        {"image": "registry.example.com/goproxy/a/b:1"},
        "spec.image registry.example.com/goproxy/a/b:1 matches nothing in limits.images of GoProxyClass standard [reg",
    ),
    ({"images": ["registry.example.com"]}, {"image": "registry.example.com/evil:1"}, "matches nothing in"),
    ({"images": []}, {"image": "modproxy:1"}, "spec.image modproxy:1 matches nothing in limits.images"),
]


@pytest.mark.parametrize(("limits", "spec", "message"), PASSED, ids=[message[:70] for _, _, message in PASSED])
def test_a_passed_limit(limits: dict[str, Any], spec: dict[str, Any], message: str) -> None:
    reason, told = refused(a_class(default=True, limits=limits), **spec)
    assert reason == "ClassLimitExceeded"
    assert message in told
    # Nor by naming the class, nor where the value comes from the class itself.
    assert refused(a_class(limits=limits), className="standard", **spec)[1] == told
    assert refused(a_class(default=True, limits=limits, defaults=spec))[1] == told


KEPT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"maxReplicas": 10}, {"replicas": 10}),
    ({"maxReplicas": 2}, {}),
    ({"maxStorage": "10Gi"}, {}),
    ({"maxStorage": "1Ti"}, {"cache": {"storage": {"size": "1024Gi"}}}),
    ({"upstreams": FROM_PROXY}, {"upstream": {"goproxy": "https://goproxy.example.com/go,off"}}),
    (
        {"upstreams": ["https://goproxy.example.com/go/"]},
        {"upstream": {"goproxy": "https://goproxy.example.com:443/go"}},
    ),
    ({"upstreams": FROM_PROXY}, {"upstream": {"goproxy": "GOPROXY.example.com/a"}}),
    ({"upstreams": ["direct"]}, {"upstream": {"goproxy": "direct", "goprivate": ["git.example.com"]}}),
    ({"upstreams": FROM_PROXY}, {"upstream": {"goproxy": "off", "goprivate": ["a.example.com"], "gonoproxy": []}}),
    ({"images": ["registry.example.com/goproxy/*"]}, {"image": "registry.example.com/goproxy/modproxy:1"}),
    ({"images": []}, {}),
    ({"exposure": []}, {}),
]


@pytest.mark.parametrize(("limits", "spec"), KEPT)
def test_a_kept_limit(limits: dict[str, Any], spec: dict[str, Any]) -> None:
    admitted(a_class(default=True, limits=limits), **spec)


WRITTEN: list[tuple[dict[str, Any], dict[str, Any], str | None]] = [
    (
        {"maxStorage": "9Gi"},
        {"cache": {"storage": {"size": "1Gi", "growTo": "10Gi"}}},
        "spec.cache.storage.growTo 10Gi",
    ),
    ({"maxStorage": "9Gi"}, {"cache": {"storage": {"size": "1Gi", "growTo": "9Gi"}}}, None),
    ({"exposure": ["Ingress"]}, {"expose": {"service": {"type": "ClusterIP"}, "ingress": {"host": "a"}}}, None),
    (
        {"exposure": ["Ingress"]},
        {"expose": {"service": {"type": "LoadBalancer"}}},
        "spec.expose.service.type exposes by LoadBalancer, which is not in limits.exposure of GoProxyClass standard "
        "[ClusterIP, Ingress]",
    ),
    ({"exposure": ["NodePort"]}, {"expose": {"ingress": {"host": "a"}}}, "spec.expose.ingress exposes by Ingress"),
    (
        {"exposure": []},
        {"expose": {"gateway": {"host": "a"}}},
        "spec.expose.gateway exposes by Gateway, which is",
    ),
]


@pytest.mark.parametrize(("limits", "spec", "message"), WRITTEN)
def test_limits_of_what_is_written(limits: dict[str, Any], spec: dict[str, Any], message: str | None) -> None:
    found = breaches(goproxy(), spec, a_class(limits=limits))
    assert len(found) == (message is not None)
    assert message is None or found[0].startswith(message)


@pytest.mark.parametrize(
    "url",
    [
        "http://goproxy.example.com/go",
        "https://goproxy.example.com:8443/go",
        "https://goproxy.example.com",
        "https://goproxy.example.com/golang",
        "https://goproxy.example.com/go/../evil",
        "https://goproxy.example.com/go/%2e%2e/evil",
        "https://goproxy.example.com/go/%252e%252e/evil",
        "https://goproxy.example.com/go/..\\evil",
        "https://goproxy.example.com.evil.example.com/go",
        "https://evil.example.com/goproxy.example.com/go",
        "file:///go",
    ],
)
def test_a_url_that_is_not_below(url: str) -> None:
    limits = {"upstreams": ["https://goproxy.example.com/go"]}
    assert refused(a_class(default=True, limits=limits), upstream={"goproxy": url})[0] == "ClassLimitExceeded"


def test_all_breaches_are_told_at_once() -> None:
    _, message = refused(a_class(default=True, limits={"maxReplicas": 1, "maxStorage": "1Gi"}))
    assert message.count("(the default)") == 2
    assert "; " in message


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
