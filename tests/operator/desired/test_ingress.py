"""The Ingress in front of the Service."""

from __future__ import annotations

from tests.operator.desired.fleet_children import spec_of
from tests.operator.objects import goproxy


def test_the_ingress() -> None:
    exposed = {"host": "goproxy.example.com", "className": "nginx", "tlsSecretName": "edge"}
    assert spec_of(goproxy(expose={"ingress": exposed, "pathPrefix": "/go"}), "Ingress") == {
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["goproxy.example.com"], "secretName": "edge"}],
        "rules": [
            {
                "host": "goproxy.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/go",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "team-a", "port": {"name": "http"}}},
                        }
                    ]
                },
            }
        ],
    }
    least = spec_of(goproxy(expose={"ingress": {"host": "goproxy.example.com"}}), "Ingress")
    assert least.keys() == {"rules"}
    assert least["rules"][0]["http"]["paths"][0]["path"] == "/"
