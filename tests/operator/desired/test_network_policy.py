"""Who may connect to the replicas."""

from __future__ import annotations

import pytest

from goproxy_operator.desired.kin import Kin, OtherFleet
from goproxy_operator.desired.network_policy import network_policy
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
                {"ports": [PEERS], "from": [OWN]},
            ],
            "egress": [DNS, EVERYWHERE],
        }


PEERS: Object = {"port": "peers", "protocol": "TCP"}
OWN: Object = {"podSelector": {"matchLabels": {"goproxy-operator.dev/fleet": "team-a"}}}
TO_PEERS: Object = {"ports": [{"port": 8082, "protocol": "TCP"}], "to": [OWN]}
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
        ([], [DNS, TO_PEERS]),
        (
            ["10.20.0.0/16", "2001:db8::/32"],
            [DNS, TO_PEERS, {"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}, {"ipBlock": {"cidr": "2001:db8::/32"}}]}],
        ),
        (
            ["168.0.0.0/7", "fd00::/8"],
            [
                DNS,
                TO_PEERS,
                {
                    "to": [
                        {"ipBlock": {"cidr": "168.0.0.0/7", "except": ["169.254.0.0/16"]}},
                        {"ipBlock": {"cidr": "fd00::/8", "except": ["fd00:ec2::254/128"]}},
                    ]
                },
            ],
        ),
        (["169.254.0.0/16"], [DNS, TO_PEERS, {"to": [{"ipBlock": {"cidr": "169.254.0.0/16"}}]}]),
        (["169.254.7.0/24"], [DNS, TO_PEERS, {"to": [{"ipBlock": {"cidr": "169.254.7.0/24"}}]}]),
    ],
)
def test_where_replicas_may_connect_to(ranges: list[str] | None, egress: list[Object]) -> None:
    upstream = {} if ranges is None else {"egressCIDRs": ranges}
    assert made(goproxy(upstream=upstream))["NetworkPolicy", "team-a"]["spec"]["egress"] == egress


def others(namespace: str, *fleets: str) -> Object:
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "podSelector": {
            "matchExpressions": [
                {"key": "goproxy-operator.dev/fleet", "operator": "In", "values": list(fleets)},
            ]
        },
    }


def test_children_may_connect_to_the_peers_port_and_the_parent_may_be_asked() -> None:
    kin = Kin(
        OtherFleet("platform", "org-cache"),
        (OtherFleet("a", "two"), OtherFleet("b", "one"), OtherFleet("a", "one")),
    )
    spec = network_policy(goproxy(), "goproxy-operator", kin, scraped=False)["spec"]
    assert spec["ingress"][2] == {"ports": [PEERS], "from": [OWN, others("a", "one", "two"), others("b", "one")]}
    assert spec["egress"] == [DNS, EVERYWHERE]
    bound = network_policy(goproxy(upstream={"egressCIDRs": []}), "goproxy-operator", kin, scraped=False)["spec"]
    assert bound["egress"][1]["to"] == [OWN, others("platform", "org-cache")]
