"""What a class allows in single fields, and what together would pass its limits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.operator.reconcile.decide.class_objects import a_class, admitted, refused

EGRESS, EVIL = "http://egress.example.com:3128", "http://evil.example.com:3128"
UPSTREAM = "https://goproxy.example.com"
BOUND = {"upstreams": [UPSTREAM], "sumdbs": ["off"]}
BASE: dict[str, Any] = {"goproxy": UPSTREAM, "gosumdb": "off"}

Case = tuple[dict[str, Any], dict[str, Any], str | None]
CASES: list[Case] = [
    # A proxy that holds the key of an authority that the fleet trusts answers for every host.
    (
        {"profile": "Privileged", "limits": BOUND},
        {"httpProxy": {"url": EVIL}, "trustedCASecretName": "evil-ca"},
        "spec.upstream.httpProxy.url http://evil.example.com:3128 with trustedCASecretName evil-ca answers for every",
    ),
    (
        {"profile": "Privileged", "limits": BOUND | {"httpProxies": [EVIL]}},
        {"httpProxy": {"url": EVIL}, "trustedCASecretName": "evil-ca"},
        "both have to be named",
    ),
    (
        {"profile": "Privileged", "limits": BOUND | {"secrets": ["evil-*"]}},
        {"httpProxy": {"url": EVIL}, "trustedCASecretName": "evil-ca"},
        "both have to be named",
    ),
    (
        {"limits": BOUND | {"httpProxies": [EGRESS], "secrets": ["goproxy-*"]}},
        {"httpProxy": {"url": EGRESS}, "trustedCASecretName": "goproxy-ca"},
        None,
    ),
    # That any Secret of such a name may be named does not name this one.
    (
        {"profile": "Baseline", "limits": BOUND | {"httpProxies": [EGRESS]}},
        {"httpProxy": {"url": EGRESS}, "trustedCASecretName": "goproxy-ca"},
        "both have to be named",
    ),
    # What the class itself brings counts as named.
    (
        {
            "limits": BOUND | {"secrets": ["goproxy-*"]},
            "defaults": {"upstream": {"httpProxy": {"url": EGRESS}}},
        },
        {"trustedCASecretName": "goproxy-ca"},
        None,
    ),
    (
        {
            "profile": "Privileged",
            "limits": BOUND,
            "defaults": {"upstream": {"trustedCASecretName": "corp-ca"}},
        },
        {"httpProxy": {"url": EVIL}},
        "with trustedCASecretName corp-ca",
    ),
    (
        {"defaults": {"upstream": {"trustedCASecretName": "corp-ca", "httpProxy": {"url": EGRESS}}}, "limits": BOUND},
        {},
        None,
    ),
    # Without encryption no authority is needed.
    (
        {"profile": "Privileged", "limits": {"upstreams": ["http://goproxy.example.com"]}},
        {"goproxy": "http://goproxy.example.com", "httpProxy": {"url": EVIL}},
        "answers for http://goproxy.example.com, whose certificate nobody asks for",
    ),
    (
        {"profile": "Privileged", "limits": BOUND, "defaults": {"upstream": {"insecure": ["git.example.com"]}}},
        {"httpProxy": {"url": EVIL}},
        "answers for git.example.com, whose certificate nobody asks for",
    ),
    (
        {"limits": {"upstreams": ["http://goproxy.example.com"], "sumdbs": ["off"], "httpProxies": [EGRESS]}},
        {"goproxy": "http://goproxy.example.com", "httpProxy": {"url": EGRESS}},
        None,
    ),
    # A Secret of the class is for the proxy of the class.
    (
        {"profile": "Privileged", "defaults": {"upstream": {"httpProxy": {"url": EGRESS, "secretName": "egress"}}}},
        {"httpProxy": {"url": EVIL}},
        "would be sent Secret egress, which is the class's",
    ),
    (
        {"profile": "Privileged", "defaults": {"upstream": {"httpProxy": {"url": EGRESS, "secretName": "egress"}}}},
        {"httpProxy": {"url": EVIL, "secretName": "own"}},
        None,
    ),
    (
        {
            "profile": "Privileged",
            "defaults": {"upstream": {"httpProxy": {"url": EGRESS, "secretName": "egress"}}},
            "limits": {"secrets": ["own"]},
        },
        {"httpProxy": {"url": EVIL, "secretName": "egress"}},
        "would be sent Secret egress, which is the class's",
    ),
    (
        {
            "profile": "Privileged",
            "defaults": {"upstream": {"httpProxy": {"url": EGRESS, "secretName": "egress"}}},
            "limits": {"secrets": ["own"]},
        },
        {"httpProxy": {"url": EVIL, "secretName": "own"}},
        None,
    ),
    (
        {
            "profile": "Privileged",
            "defaults": {"upstream": {"httpProxy": {"url": EGRESS, "secretName": "egress"}}},
            "limits": {"secrets": ["egress"]},
        },
        {"httpProxy": {"url": EVIL, "secretName": "egress"}},
        None,
    ),
    # Where nothing binds the upstreams there is nothing to pass.
    ({"profile": "Privileged"}, {"httpProxy": {"url": EVIL}, "trustedCASecretName": "evil-ca"}, None),
]


@pytest.mark.parametrize(("spec", "upstream", "message"), CASES, ids=str)
def test_a_proxy(spec: dict[str, Any], upstream: dict[str, Any], message: str | None) -> None:
    one = a_class(default=True, **spec)
    if message is None:
        admitted(one, upstream=BASE | upstream if "limits" in spec else upstream)
    else:
        assert message in refused(one, upstream=BASE | upstream if "limits" in spec else upstream)[1]


CLUSTER, KIND, GROUP, ISSUER = (
    f"cert-manager.io/{key}" for key in ("cluster-issuer", "issuer-kind", "issuer-group", "issuer")
)
ANNOTATED: list[tuple[dict[str, Any], dict[str, str], str | None]] = [
    ({"issuers": ["Issuer/*"]}, {CLUSTER: "letsencrypt"}, "name issuer ClusterIssuer/letsencrypt, which is not in"),
    ({"issuers": ["ClusterIssuer/letsencrypt"]}, {CLUSTER: "letsencrypt"}, None),
    ({"issuers": ["Issuer/*"]}, {ISSUER: "ca"}, None),
    ({"issuers": ["Issuer/*"]}, {ISSUER: "ca", KIND: "ClusterIssuer"}, "name issuer ClusterIssuer/ca"),
    ({"issuers": ["Issuer/*"]}, {ISSUER: "ca", GROUP: "evil.example.com"}, "name issuer Issuer.evil.example.com/ca"),
    ({}, {CLUSTER: "letsencrypt"}, "which is not in limits.issuers []"),
]


@pytest.mark.parametrize(("limits", "annotations", "message"), ANNOTATED, ids=str)
def test_issuers_in_annotations(limits: dict[str, Any], annotations: dict[str, str], message: str | None) -> None:
    opened = {"ingressHosts": ["go.example.com"], "annotations": ["cert-manager.io/*"], "secrets": ["goproxy-*"]}
    expose = {"ingress": {"host": "go.example.com", "annotations": annotations, "tlsSecretName": "goproxy-tls"}}
    one = a_class(default=True, limits=opened | limits)
    if message is None:
        admitted(one, expose=expose)
    else:
        assert message in refused(one, expose=expose)[1]


def test_a_kind_that_turns_the_issuer_of_the_class_into_another() -> None:
    defaults = {"expose": {"ingress": {"host": "go.example.com", "annotations": {ISSUER: "ca"}}}}
    one = a_class(default=True, defaults=defaults, limits={"annotations": ["cert-manager.io/*"], "issuers": []})
    admitted(one)
    _, message = refused(one, expose={"ingress": {"host": "go.example.com", "annotations": {KIND: "ClusterIssuer"}}})
    assert "name issuer ClusterIssuer/ca" in message
