"""The certificate that cert-manager is told to issue."""

from __future__ import annotations

from tests.operator.desired.fleet_children import ISSUER, TLS, made, spec_of
from tests.operator.objects import goproxy


def test_the_certificate_has_every_name_by_which_the_fleet_is_called() -> None:
    fleet = goproxy(
        expose={
            "tls": {**TLS, "issuerRef": ISSUER, "dnsNames": ["lb.example.com", "goproxy.example.com"]},
            "ingress": {"host": "goproxy.example.com"},
        }
    )
    assert spec_of(fleet, "Certificate") == {
        "secretName": "edge",
        "issuerRef": ISSUER,
        "dnsNames": [
            "team-a",
            "team-a.build",
            "team-a.build.svc",
            "*.team-a-replicas.build.svc",
            "team-a.build.svc.cluster.local",
            "*.team-a-replicas.build.svc.cluster.local",
            "goproxy.example.com",
            "lb.example.com",
        ],
    }
    assert ("Certificate", "team-a") not in made(goproxy(expose={"tls": TLS})), "the Secret is the user's"
