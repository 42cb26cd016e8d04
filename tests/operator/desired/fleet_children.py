"""The children of a fleet, for the tests of those who make them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from goproxy_operator.api.autoscaling import Provider
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.children import ChildFacts, children
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.stateful_set import claim_templates
from tests.operator.objects import goproxy

Object = dict[str, Any]
EVERY_API = ("HTTPRoute", "Certificate", "ServiceMonitor", "PrometheusRule")
ISSUER = {"name": "corp-ca", "kind": "ClusterIssuer"}
TLS = {"secretName": "edge"}
EVERYTHING: Object = {
    "upstream": {
        "goproxy": "https://goproxy.example.com,direct",
        "gosumdb": "off",
        "goprivate": ["*.corp.example.com"],
        "gonoproxy": ["git.corp.example.com"],
        "gonosumdb": [],
        "httpProxy": {"url": "http://egress.corp.example.com:3128", "noProxy": [".corp.example.com"]},
        "timeout": "10s",
        "directTimeout": "9m",
    },
    "modules": {
        "mode": "DryRun",
        "allow": ["github.com/acme"],
        "deny": ["github.com/evil"],
        "contact": "#go-modules",
    },
    "cache": {
        "storage": {"size": "50Gi"},
        "highWatermarkPercent": 70,
        "lowWatermarkPercent": 60,
        "inactive": "720h",
        "listTTL": "5m",
        "notFoundTTL": "0s",
        "staleIfError": "72h",
        "staleWhileRevalidate": "90s",
    },
    "expose": {"pathPrefix": "/go"},
}
CREDENTIALS = [
    {"pattern": "git.corp.example.com", "secretName": "git"},
    {"pattern": "git.corp.example.com/secret", "secretName": "git-ssh"},
    {"pattern": "goproxy.example.com", "secretName": "git"},
]


PROXY = {"url": "http://egress.corp.example.com:3128", "secretName": "egress"}


def child(
    fleet: GoProxy,
    kind: str,
    name: str | None = None,
    allowlist: str | None = None,
    rate_from: Provider = Provider.BUILTIN,
) -> Object:
    """One child of a fleet in a cluster without optional APIs."""
    files = documents(fleet, 10 * 2**30, allowlist)
    made = children(fleet, ChildFacts("modproxy:1", files, claim_templates(fleet), 2, rate_from=rate_from))
    return next(item for item in made if item["kind"] == kind and name in (None, item["metadata"]["name"]))


def made(fleet: GoProxy, served: Collection[str] = EVERY_API) -> dict[tuple[str, str], Object]:
    """All children of a fleet, by kind and name, in a cluster that serves these optional APIs."""
    files = documents(fleet, 10 * 2**30, None)
    facts = ChildFacts("modproxy:1", files, claim_templates(fleet), 2, served, "goproxy-operator", Provider.BUILTIN)
    return {(item["kind"], item["metadata"]["name"]): item for item in children(fleet, facts)}


def spec_of(fleet: GoProxy, kind: str, name: str = "team-a") -> Object:
    """The spec of one child in a cluster that serves every API."""
    spec: Object = made(fleet)[kind, name]["spec"]
    return spec


def pod_of(fleet: GoProxy) -> Object:
    """The template of a fleet's pods."""
    template: Object = child(fleet, "StatefulSet")["spec"]["template"]
    return template


def private(**changed: Any) -> GoProxy:
    """A fleet that needs Secrets."""
    upstream = {"credentials": CREDENTIALS, "trustedCASecretName": "ca", "httpProxy": PROXY}
    return goproxy(upstream=upstream | changed)
