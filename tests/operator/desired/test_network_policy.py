"""Who may connect to the replicas."""

from __future__ import annotations

import pytest

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
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"ports": [{"port": "http", "protocol": "TCP"}]},
                {"ports": [{"port": "admin", "protocol": "TCP"}], "from": admin},
            ],
            "egress": [DNS, EVERYWHERE],
        }


DNS: Object = {"ports": [{"port": port, "protocol": kind} for port in (53, 5353) for kind in ("UDP", "TCP")]}
EVERYWHERE: Object = {
    "to": [
        {"namespaceSelector": {}},
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["100.100.100.200/32", "169.254.0.0/16"]}},
        {"ipBlock": {"cidr": "::/0", "except": ["fd00:ec2::254/128", "fe80::/10"]}},
    ]
}


@pytest.mark.parametrize(
    ("ranges", "egress"),
    [
        (None, [DNS, EVERYWHERE]),
        ([], [DNS]),
        (
            ["10.20.0.0/16", "2001:db8::/32"],
            [DNS, {"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}, {"ipBlock": {"cidr": "2001:db8::/32"}}]}],
        ),
        (
            ["168.0.0.0/7", "fd00::/8"],
            [
                DNS,
                {
                    "to": [
                        {"ipBlock": {"cidr": "168.0.0.0/7", "except": ["169.254.0.0/16"]}},
                        {"ipBlock": {"cidr": "fd00::/8", "except": ["fd00:ec2::254/128"]}},
                    ]
                },
            ],
        ),
        (["169.254.0.0/16"], [DNS, {"to": [{"ipBlock": {"cidr": "169.254.0.0/16"}}]}]),
        (["169.254.7.0/24"], [DNS, {"to": [{"ipBlock": {"cidr": "169.254.7.0/24"}}]}]),
    ],
)
def test_where_replicas_may_connect_to(ranges: list[str] | None, egress: list[Object]) -> None:
    upstream = {} if ranges is None else {"egressCIDRs": ranges}
    assert made(goproxy(upstream=upstream))["NetworkPolicy", "team-a"]["spec"]["egress"] == egress
