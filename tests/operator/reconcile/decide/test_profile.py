"""Profiles: every field is decided, and what a fleet may write under which class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from goproxy_operator.api.crd.structural import structural_schema
from goproxy_operator.api.limits import LimitsSpec, Profile
from goproxy_operator.api.spec import GoProxySpec
from goproxy_operator.reconcile.decide.matching import MATCHERS
from goproxy_operator.reconcile.decide.profile import DECISIONS, profile_breaches
from tests.operator.reconcile.decide.class_objects import a_class, admitted, holds, refused

HTTP = {"url": "http://egress.example.com:3128"}
AUTOSCALING = {"maxReplicas": 2, "targetRequestsPerSecond": 1}


def fields(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Every field of the spec that holds a value, as the definition has it."""
    inner = schema.get("items", schema)
    if "properties" not in inner:
        yield path
        return
    suffix = "[]" if "items" in schema else ""
    for name, below in inner["properties"].items():
        yield from fields(below, f"{path}{suffix}.{name}" if path else name)


FIELDS = tuple(fields(structural_schema(GoProxySpec)))


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_decided(field: str) -> None:
    """For a new field say in DECISIONS whose it is. Until then it belongs to profile Privileged."""
    assert any(field == path or field.startswith((f"{path}.", f"{path}[]")) for path in DECISIONS), field


@pytest.mark.parametrize("path", DECISIONS)
def test_every_decision_is_about_a_field(path: str) -> None:
    assert any(field == path or field.startswith((f"{path}.", f"{path}[]")) for field in FIELDS), path


def test_every_list_is_used_and_compared() -> None:
    lists = {field.alias for field in LimitsSpec.model_fields.values()} - {"maxReplicas", "maxStorage"}
    assert {decision.by for decision in DECISIONS.values() if decision.by} == lists
    by_result = {decision.by for decision in DECISIONS.values() if decision.by_result}
    assert lists - by_result <= MATCHERS.keys()


def test_a_field_that_nobody_decided_on_is_privileged() -> None:
    own = {"upstream": {"newField": "x", "newList": [1], "newSection": {"a": {"b": 1}}, "newItems": [{"c": 1}]}}
    for profile in (Profile.RESTRICTED, Profile.BASELINE):
        found = profile_breaches(own, a_class(profile=profile.value), "build")
        assert [text.split()[0] for text in found] == [
            "spec.upstream.newField",
            "spec.upstream.newList",
            "spec.upstream.newSection.a.b",
            "spec.upstream.newItems[].c",
        ]
    assert profile_breaches(own, a_class(profile="Privileged"), "build") == ()


# By the profile from which on a fleet may write it, without any list.
WRITTEN: dict[Profile, list[dict[str, Any]]] = {
    Profile.RESTRICTED: [
        {},
        {"className": "standard", "replicas": 3, "suspend": True},
        {"autoscaling": AUTOSCALING | {"minReplicas": 1, "provider": "Builtin"}},
        {
            "upstream": {
                "goprivate": ["a.example"],
                "gonoproxy": ["a.example", "b.example"],
                "timeout": "5s",
                "directTimeout": "1m",
            }
        },
        {
            "modules": {
                "mode": "DryRun",
                "allow": ["a.example"],
                "deny": ["b.example"],
                "contact": "x",
                "allowlistConfigMapName": "l",
            }
        },
        {"cache": {"storage": {"size": "1Gi", "growTo": "2Gi", "whenDeleted": "Delete"}, "listTTL": "1s"}},
        {"expose": {"pathPrefix": "/go", "service": {"type": "ClusterIP", "annotations": {}}}},
        {"monitoring": {"serviceMonitor": "Disabled", "rules": "Disabled", "dashboard": "Disabled"}},
        {"pod": {}},
    ],
    Profile.BASELINE: [
        {"upstream": {"credentials": [{"pattern": "git.example.com", "secretName": "goproxy-git"}]}},
        {"expose": {"tls": {"secretName": "goproxy-tls"}}},
        {"pod": {"resources": {"limits": {"memory": "1Gi"}}, "nodeSelector": {"a": "b"}}},
        {"pod": {"imagePullSecrets": [{"name": "goproxy-registry"}]}},
        {"pod": {"affinity": {"nodeAffinity": {}}}},
        {"cache": {"storage": {"size": "1Gi", "storageClassName": "fast"}}},
    ],
    Profile.PRIVILEGED: [
        {"image": "registry.example.com/evil:1"},
        {"autoscaling": AUTOSCALING | {"prometheus": {"serverAddress": "http://169.254.169.254"}}},
        {"upstream": {"goproxy": "https://goproxy.example.com"}},
        {"upstream": {"gosumdb": "off"}},
        {"upstream": {"gonosumdb": ["*"]}},
        {"upstream": {"credentials": [{"pattern": "git.example.com", "secretName": "database-password"}]}},
        {"upstream": {"trustedCASecretName": "goproxy-ca"}},
        {"upstream": {"httpProxy": HTTP}},
        {"expose": {"service": {"type": "LoadBalancer"}}},
        {"expose": {"service": {"annotations": {"service.beta.kubernetes.io/aws-load-balancer-type": "nlb"}}}},
        {"expose": {"ingress": {"host": "bank.example.com"}}},
        {"expose": {"gateway": {"host": "bank.example.com", "parentRef": {"name": "edge", "namespace": "infra"}}}},
        {"expose": {"tls": {"secretName": "goproxy-tls", "issuerRef": {"name": "ca", "kind": "ClusterIssuer"}}}},
        {"monitoring": {"labels": {"release": "stack"}}},
        {"pod": {"tolerations": [{"operator": "Exists"}]}},
        {"pod": {"affinity": {"podAntiAffinity": {}}}},
        {"pod": {"labels": {"app": "bank"}}},
        {"pod": {"annotations": {"sidecar.istio.io/inject": "false"}}},
        {"pod": {"priorityClassName": "system-node-critical"}},
        {"pod": {"serviceAccountName": "cluster-admin"}},
        {"pod": {"serviceAccountAnnotations": {"eks.amazonaws.com/role-arn": "x"}}},
    ],
}
CASES = [(profile, least, spec) for least, specs in WRITTEN.items() for spec in specs for profile in Profile]


@pytest.mark.parametrize(("profile", "least", "spec"), CASES, ids=str)
def test_profiles(profile: Profile, least: Profile, spec: dict[str, Any]) -> None:
    one = a_class(default=True, profile=profile.value)
    if profile.rank >= least.rank:
        admitted(one, **spec)
    else:
        reason, message = refused(one, **spec)
        assert reason == "ClassLimitExceeded"
        assert "spec." in message
        assert "GoProxyClass standard" in message
    # The class's own values are not held to its profile, and a fleet may repeat them.
    admitted(a_class(default=True, profile=profile.value, defaults={k: v for k, v in spec.items() if k != "className"}))
    admitted(
        a_class(default=True, profile=profile.value, defaults={k: v for k, v in spec.items() if k != "className"}),
        **spec,
    )


def test_a_class_without_a_profile_is_restricted() -> None:
    _, message = refused(a_class(default=True), image="modproxy:1")
    assert message == (
        "spec.image modproxy:1 is not left to the fleet by profile Restricted of GoProxyClass standard: remove it, or "
        "ask whoever keeps the class for limits.images there, or profile Privileged"
    )


def test_without_any_class_nothing_is_held() -> None:
    admitted(image="modproxy:1", pod={"serviceAccountName": "x"})


Listed = tuple[dict[str, Any], dict[str, Any], str | None]
INGRESS = {"host": "go.build.corp.example.com"}
ISSUER = {"secretName": "goproxy-tls", "issuerRef": {"name": "ca"}}
# A list opens its fields under every profile, and holds under every profile.
LISTED: list[Listed] = [
    ({"images": ["registry.example.com/go/*"]}, {"image": "registry.example.com/go/modproxy:1"}, None),
    ({"secrets": ["team-*"]}, {"upstream": {"trustedCASecretName": "team-ca"}}, None),
    (
        {"secrets": ["team-*"]},
        {"upstream": {"trustedCASecretName": "corp-ca"}},
        "spec.upstream.trustedCASecretName corp-ca is not in limits.secrets of GoProxyClass standard [team-*]",
    ),
    (
        {"secrets": ["team-*"]},
        {"upstream": {"credentials": [{"pattern": "a", "secretName": "goproxy-git"}]}},
        "spec.upstream.credentials[].secretName goproxy-git is not in limits.secrets",
    ),
    ({"secrets": ["t?am-[a-c]"]}, {"pod": {"imagePullSecrets": [{"name": "team-b"}]}}, None),
    ({"secrets": ["t"]}, {"pod": {"imagePullSecrets": [{"name": "t"}, {"name": "tt"}]}}, "imagePullSecrets[].name tt "),
    ({"secrets": []}, {"expose": {"tls": {"secretName": "goproxy-tls"}}}, "goproxy-tls is not in limits.secrets of"),
    ({"httpProxies": ["http://egress.example.com:3128"]}, {"upstream": {"httpProxy": HTTP}}, None),
    (
        {"httpProxies": ["http://egress.example.com"]},
        {"upstream": {"httpProxy": HTTP}},
        "url http://egress.example.com",
    ),
    (
        {"httpProxies": ["http://egress.example.com:80"]},
        {"upstream": {"httpProxy": {"url": "http://egress.example.com"}}},
        None,
    ),
    (
        {"httpProxies": ["http://egress.example.com:3128"]},
        {"upstream": {"httpProxy": {"url": "http://egress.example.com.evil.example.com:3128"}}},
        "is not in limits.httpProxies",
    ),
    ({"annotations": ["example.com/*"]}, {"expose": {"service": {"annotations": {"example.com/a": "b"}}}}, None),
    (
        {"annotations": ["example.com/*"]},
        {"pod": {"annotations": {"example.com": "b"}}},
        "example.com is not in limits",
    ),
    (
        {"annotations": ["example.com/*"]},
        {"pod": {"serviceAccountAnnotations": {"example.com/a": "", "example.org/b": ""}}},
        "example.org/b is not in limits.annotations",
    ),
    ({"podLabels": ["team"]}, {"pod": {"labels": {"team": "a"}}}, None),
    ({"podLabels": ["team"]}, {"pod": {"labels": {"team": "a", "app": "bank"}}}, "spec.pod.labels app is not in"),
    ({"priorityClasses": ["build-*"]}, {"pod": {"priorityClassName": "build-low"}}, None),
    ({"priorityClasses": ["build-*"]}, {"pod": {"priorityClassName": "system-node-critical"}}, "system-node-critical"),
    ({"tolerations": ["dedicated"]}, {"pod": {"tolerations": [{"key": "dedicated", "operator": "Exists"}]}}, None),
    ({"tolerations": ["dedicated"]}, {"pod": {"tolerations": [{"operator": "Exists"}]}}, "tolerations * is not in"),
    ({"tolerations": ["d*"]}, {"pod": {"tolerations": [{"operator": "Exists"}]}}, "tolerations * is not in"),
    ({"tolerations": ["*"]}, {"pod": {"tolerations": [{"operator": "Exists"}, {"key": "a/b"}]}}, None),
    ({"serviceAccounts": ["goproxy"]}, {"pod": {"serviceAccountName": "goproxy"}}, None),
    (
        {"serviceAccounts": ["goproxy"]},
        {"pod": {"serviceAccountName": "goproxy2"}},
        "goproxy2 is not in limits.service",
    ),
    ({"ingressHosts": ["*.build.corp.example.com"]}, {"expose": {"ingress": INGRESS}}, None),
    ({"ingressHosts": ["*.corp.example.com"]}, {"expose": {"ingress": INGRESS}}, "is not in limits.ingressHosts"),
    ({"ingressHosts": ["*.go.build.corp.example.com"]}, {"expose": {"ingress": INGRESS}}, "is not in limits.ingress"),
    (
        {"ingressHosts": ["go.example.com"], "gateways": ["infra/edge"]},
        {"expose": {"gateway": {"host": "go.example.com", "parentRef": {"name": "edge", "namespace": "infra"}}}},
        None,
    ),
    (
        {"ingressHosts": ["go.example.com"], "gateways": ["infra/edge"]},
        {"expose": {"gateway": {"host": "go.example.com", "parentRef": {"name": "edge"}}}},
        "spec.expose.gateway.parentRef build/edge is not in limits.gateways",
    ),
    ({"secrets": ["goproxy-*"], "issuers": ["Issuer/*"]}, {"expose": {"tls": ISSUER}}, None),
    (
        {"secrets": ["goproxy-*"], "issuers": ["Issuer/ca"]},
        {"expose": {"tls": ISSUER | {"issuerRef": {"name": "ca", "kind": "ClusterIssuer"}}}},
        "spec.expose.tls.issuerRef ClusterIssuer/ca is not in limits.issuers",
    ),
    (
        {"secrets": ["goproxy-*"], "issuers": ["Issuer/ca"]},
        {"expose": {"tls": ISSUER | {"issuerRef": {"name": "ca", "group": "evil.example.com"}}}},
        "Issuer.evil.example.com/ca is not in limits.issuers",
    ),
    (
        {"secrets": ["goproxy-*"], "issuers": ["*/ca"], "ingressHosts": ["a.example.com"]},
        {"expose": {"tls": ISSUER | {"dnsNames": ["a.example.com", "bank.example.com"]}}},
        "spec.expose.tls.dnsNames bank.example.com is not in limits.ingressHosts",
    ),
    (
        {"metricsServers": ["http://prometheus.monitoring.svc:9090"]},
        {"autoscaling": AUTOSCALING | {"prometheus": {"serverAddress": "http://prometheus.monitoring.svc:9090/a"}}},
        None,
    ),
    (
        {"metricsServers": ["http://prometheus.monitoring.svc:9090/a"]},
        {"autoscaling": AUTOSCALING | {"prometheus": {"serverAddress": "http://prometheus.monitoring.svc:9090"}}},
        "is not in limits.metricsServers",
    ),
    ({"sumdbs": ["sum.golang.org"]}, {"upstream": {"gosumdb": " sum.golang.org "}}, None),
    ({"sumdbs": ["sum.golang.org"]}, {"upstream": {"gosumdb": "off"}}, "spec.upstream.gosumdb off is not in"),
    ({"sumdbs": ["sum.golang.org"]}, {}, "spec.upstream.gosumdb is not given, so that the replicas' environment"),
    (
        {"sumdbs": ["sum.golang.org"]},
        {"upstream": {"gosumdb": "sum.golang.org https://evil.example.com"}},
        "spec.upstream.gosumdb sum.golang.org https://evil.example.com is not in",
    ),
    (
        {"sumdbs": ["sum.golang.org"]},
        {"upstream": {"gosumdb": "sum.golang.org", "gonosumdb": ["*"]}},
        "spec.upstream.gonosumdb off is not in limits.sumdbs",
    ),
    ({"sumdbs": ["sum.golang.org"]}, {"upstream": {"gosumdb": "sum.golang.org", "gonosumdb": []}}, None),
    ({"sumdbs": ["sum.golang.org"]}, {"upstream": {"gosumdb": "sum.golang.org", "goprivate": ["a.example"]}}, None),
    (
        {"sumdbs": ["sum.golang.org"]},
        {"upstream": {"gosumdb": "sum.golang.org", "goprivate": ["*"], "gonoproxy": []}},
        "spec.upstream.gonoproxy lets [*] come from upstreams, and goprivate keeps it from being verified",
    ),
    ({"sumdbs": ["off"]}, {"upstream": {"gosumdb": "off", "gonosumdb": ["*"]}}, None),
    ({"exposure": ["LoadBalancer"]}, {"expose": {"service": {"type": "LoadBalancer"}}}, None),
]


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(("limits", "spec", "message"), LISTED, ids=str)
def test_lists(profile: Profile, limits: dict[str, Any], spec: dict[str, Any], message: str | None) -> None:
    one = a_class(default=True, profile=profile.value, limits=limits)
    holds(one, spec, message)


def test_what_a_class_gives_may_be_repeated_and_added_to_within_the_list() -> None:
    credentials = [{"pattern": "git.example.com", "secretName": "platform-git"}]
    defaults = {"upstream": {"credentials": credentials}, "pod": {"annotations": {"platform.example.com/a": "1"}}}
    one = a_class(default=True, defaults=defaults, limits={"secrets": ["team-*"], "annotations": ["team/*"]})
    more = {"pattern": "git.example.com/team", "secretName": "team-git"}
    admitted(one, upstream={"credentials": [*credentials, more]}, pod={"annotations": {"team/a": "1"}})
    _, message = refused(one, upstream={"credentials": [{"pattern": "evil.example.com", "secretName": "platform-git"}]})
    assert "platform-git is not in limits.secrets" in message
    _, message = refused(one, pod={"annotations": {"platform.example.com/a": "2"}})
    assert "spec.pod.annotations platform.example.com/a is not in limits.annotations" in message


def test_everything_is_told_at_once() -> None:
    _, message = refused(a_class(default=True), image="a", pod={"priorityClassName": "b", "labels": {"c": "d"}})
    assert [part.split()[0] for part in message.split("; ")] == [
        "spec.image",
        "spec.pod.priorityClassName",
        "spec.pod.labels",
    ]
