"""The route from a Gateway to the Service."""

from __future__ import annotations

from tests.operator.desired.fleet_children import spec_of
from tests.operator.objects import goproxy


def test_the_route() -> None:
    parent = {"name": "edge", "namespace": "infra", "sectionName": "https"}
    route = {"host": "goproxy.example.com", "parentRef": parent}
    assert spec_of(goproxy(expose={"gateway": route, "pathPrefix": "/go"}), "HTTPRoute") == {
        "parentRefs": [parent],
        "hostnames": ["goproxy.example.com"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/go"}}],
                "backendRefs": [{"name": "team-a", "port": 8080}],
            }
        ],
    }
