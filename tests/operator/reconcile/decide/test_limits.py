"""The limits of a class: what passes them and what keeps them."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.reconcile.decide.limits import breaches
from tests.operator.objects import goproxy
from tests.operator.reconcile.decide.class_objects import a_class, admitted, refused

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
    ({"upstreams": FROM_PROXY}, {"upstream": {"goproxy": "off", "gonoproxy": [], "gonosumdb": []}}),
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


GIT, CORP = "git.example.com", "corp.example.com"
VERIFIED = {"upstream": {"gosumdb": "sum.golang.org"}}
ALL_VERIFIED = {"sumdbs": ["sum.golang.org"]}
# The class, what the fleet writes of `upstream`, and the patterns that would come from upstreams unverified.
UNVERIFIED: list[tuple[dict[str, Any], dict[str, Any], str | None]] = [
    ({"defaults": VERIFIED}, {"goprivate": ["*"], "gonoproxy": []}, "gonoproxy lets [*] come from upstreams, and gopr"),
    ({}, {"goprivate": ["*"], "gonoproxy": []}, "gonoproxy lets [*]"),
    ({"profile": "Baseline"}, {"goprivate": [GIT, CORP], "gonoproxy": [CORP]}, f"gonoproxy lets [{GIT}]"),
    ({"defaults": VERIFIED}, {"goprivate": ["*"], "gonoproxy": ["*.example.com"]}, "gonoproxy lets [*]"),
    ({"defaults": VERIFIED}, {"goprivate": [GIT], "gonoproxy": [f"{GIT}/*"]}, f"gonoproxy lets [{GIT}]"),
    ({"defaults": VERIFIED}, {"goprivate": ["a.b/"], "gonoproxy": ["a.b/*"]}, "gonoproxy lets [a.b/]"),
    (
        {"defaults": VERIFIED},
        {"goprivate": ["g?t.example.com"], "gonoproxy": [GIT]},
        "gonoproxy lets [g?t.example.com]",
    ),
    (
        {"profile": "Privileged", "defaults": VERIFIED, "limits": ALL_VERIFIED},
        {"goprivate": ["a.b"], "gonoproxy": []},
        "[a.b]",
    ),
    # The fleet turns what the class fetches directly over to upstreams.
    ({"defaults": {"upstream": {"goprivate": [GIT]}}}, {"gonoproxy": []}, f"gonoproxy lets [{GIT}]"),
    ({"defaults": {"upstream": {"goprivate": [GIT], "gonosumdb": [GIT]}}}, {"goprivate": []}, "and gonosumdb keeps it"),
    ({"defaults": {"upstream": {"gonoproxy": [GIT]}}}, {"goprivate": [CORP]}, f"gonoproxy lets [{CORP}]"),
    ({"defaults": VERIFIED}, {"goprivate": ["*"]}, None),
    ({"defaults": VERIFIED}, {"goprivate": [GIT], "gonoproxy": [GIT, CORP]}, None),
    ({"defaults": VERIFIED}, {"goprivate": [GIT, f"{GIT}/team/x"], "gonoproxy": [f"{GIT}/"]}, None),
    ({"defaults": VERIFIED}, {"goprivate": [GIT], "gonoproxy": ["*.example.com"]}, None),
    ({"defaults": VERIFIED}, {"gonoproxy": []}, None),
    ({"defaults": {"upstream": {"goprivate": [GIT], "gonoproxy": []}}}, {"timeout": "5s"}, None),
    ({"defaults": {"upstream": {"gonosumdb": [GIT]}}}, {"goprivate": [CORP]}, None),
    ({"defaults": {"upstream": {"gosumdb": "off"}}}, {"goprivate": ["*"], "gonoproxy": []}, None),
    (
        {"limits": {"sumdbs": ["off", "sum.golang.org"]}},
        {"gosumdb": "sum.golang.org", "goprivate": ["*"], "gonoproxy": []},
        None,
    ),
    ({"profile": "Privileged"}, {"goprivate": ["*"], "gonoproxy": []}, None),
]


@pytest.mark.parametrize(("spec", "upstream", "message"), UNVERIFIED, ids=str)
def test_only_what_version_control_answers_for_is_unverified(
    spec: dict[str, Any], upstream: dict[str, Any], message: str | None
) -> None:
    one = a_class(default=True, **spec)
    if message is None:
        admitted(one, upstream=upstream)
    else:
        assert message in refused(one, upstream=upstream)[1]


def test_all_breaches_are_told_at_once() -> None:
    _, message = refused(a_class(default=True, limits={"maxReplicas": 1, "maxStorage": "1Gi"}))
    assert message.count("(the default)") == 2
    assert "; " in message
