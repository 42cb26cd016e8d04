"""What an object needs of APIs that the cluster does not serve."""

from __future__ import annotations

import pytest

from goproxy_operator.reconcile.missing_apis import missing_apis
from tests.operator.desired.fleet_children import EVERY_API, ISSUER, TLS, Object, made
from tests.operator.objects import goproxy

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
