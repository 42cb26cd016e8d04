"""Who may connect to the replicas."""

from __future__ import annotations

from tests.operator.desired.fleet_children import EVERY_API, Object, made
from tests.operator.objects import goproxy


def test_who_may_connect() -> None:
    operator = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "goproxy-operator"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "goproxy-operator"}},
    }
    prometheus: Object = {
        "namespaceSelector": {},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
    }
    quiet = goproxy(monitoring={"serviceMonitor": "Disabled"})
    for fleet, served, admin in (
        (goproxy(), (), [operator]),
        (goproxy(), EVERY_API, [operator, prometheus]),
        (quiet, EVERY_API, [operator]),
    ):
        assert made(fleet, served)["NetworkPolicy", "team-a"]["spec"] == {
            "podSelector": {"matchLabels": {"goproxy-operator.dev/fleet": "team-a"}},
            "policyTypes": ["Ingress"],
            "ingress": [
                {"ports": [{"port": "http", "protocol": "TCP"}]},
                {"ports": [{"port": "admin", "protocol": "TCP"}], "from": admin},
            ],
        }
