"""What is told where the cluster serves no API for what an object asks for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from goproxy_operator.api.autoscaling import Provider
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.children import ChildFacts, children
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.stateful_set import claim_templates
from goproxy_operator.reconcile.decide.missing_apis import missing_apis
from tests.operator.objects import goproxy

Object = dict[str, Any]


EVERY_API = ("HTTPRoute", "Certificate", "ServiceMonitor", "PrometheusRule")


ISSUER = {"name": "corp-ca", "kind": "ClusterIssuer"}


TLS = {"secretName": "edge"}


def made(fleet: GoProxy, served: Collection[str] = EVERY_API) -> dict[tuple[str, str], Object]:
    files = documents(fleet, 10 * 2**30, None)
    around = ChildFacts("modproxy:1", files, claim_templates(fleet), 2, served, "goproxy-operator", Provider.BUILTIN)
    return {(item["kind"], item["metadata"]["name"]): item for item in children(fleet, around)}


GATEWAY = {"gateway": {"host": "goproxy.example.com", "parentRef": {"name": "edge"}}}


@pytest.mark.parametrize(
    ("spec", "kind", "told"),
    [
        (
            {"expose": GATEWAY},
            "HTTPRoute",
            "spec.expose.gateway: this cluster serves no HTTPRoute of gateway.networking.k8s.io/v1: install the "
            "Gateway API and a controller for it, or write ingress or service instead",
        ),
        (
            {"expose": {"tls": {**TLS, "issuerRef": ISSUER}}},
            "Certificate",
            "spec.expose.tls.issuerRef: this cluster serves no Certificate of cert-manager.io/v1: install "
            "cert-manager, or make Secret edge yourself and remove issuerRef",
        ),
        (
            {"monitoring": {"serviceMonitor": "Enabled"}},
            "ServiceMonitor",
            "spec.monitoring.serviceMonitor: this cluster serves no ServiceMonitor of monitoring.coreos.com/v1: "
            "install the Prometheus operator, or write Auto",
        ),
        ({"monitoring": {"rules": "Enabled"}}, "PrometheusRule", "spec.monitoring.rules: this cluster serves no"),
    ],
)
def test_what_needs_an_api_that_is_not_served(spec: Object, kind: str, told: str) -> None:
    fleet = goproxy(**spec)
    problem = missing_apis(fleet, [other for other in EVERY_API if other != kind])
    assert problem is not None
    assert problem.reason == "APIMissing"
    assert problem.message.startswith(told)
    assert missing_apis(fleet, EVERY_API) is None
    assert (kind, "team-a") not in made(fleet, ())
    assert (kind, "team-a") in made(fleet)


def test_nothing_is_missing_that_was_not_asked_for() -> None:
    assert missing_apis(goproxy(), ()) is None
    assert missing_apis(goproxy(monitoring={"dashboard": "Enabled"}, expose={"tls": TLS}), ()) is None
    both = missing_apis(goproxy(expose=GATEWAY, monitoring={"rules": "Enabled"}), ())
    assert both is not None
    assert "; spec.monitoring.rules: " in both.message
