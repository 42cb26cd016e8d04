"""The Service that clients use, and what each port speaks."""

from __future__ import annotations

import pytest

from goproxy_operator.desired import names
from goproxy_operator.desired.config_map import documents
from modproxy.contract.config import TlsConfig, parse_config
from tests.operator.desired.fleet_children import TLS, Object, spec_of
from tests.operator.objects import goproxy


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({}, {"type": "ClusterIP"}),
        ({"type": "NodePort"}, {"type": "NodePort"}),
        (
            {"type": "LoadBalancer", "loadBalancerClass": "example.com/internal"},
            {"type": "LoadBalancer", "loadBalancerClass": "example.com/internal"},
        ),
    ],
)
def test_the_service(service: Object, expected: Object) -> None:
    spec = spec_of(goproxy(expose={"service": service}), "Service")
    assert {key: spec[key] for key in spec if key in ("type", "loadBalancerClass")} == expected


def test_https_is_told_wherever_somebody_looks() -> None:
    plain, secure = goproxy(), goproxy(expose={"tls": TLS})
    assert parse_config(documents(plain, 1, None).config).tls is None
    assert parse_config(documents(secure, 1, None).config).tls == TlsConfig(secret_name="edge")
    for fleet, scheme in ((plain, "http"), (secure, "https")):
        (port,) = spec_of(fleet, "Service")["ports"]
        assert (port["name"], port["appProtocol"]) == ("http", scheme)
        spoken = {port["name"]: port["appProtocol"] for port in spec_of(fleet, "Service", "team-a-replicas")["ports"]}
        assert spoken == {"http": scheme, "admin": "http", "peers": "http"}
        probe = spec_of(fleet, "StatefulSet")["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]
        assert probe == {"path": "/-/readyz", "port": "admin"}
    assert names.endpoint("team-a", "build", "/go", tls=True) == "https://team-a.build.svc:8080/go"
