"""Who may connect to the replicas, and where they may connect to. NetworkPolicies add up: one of your own allows more,
never less.

A NetworkPolicy knows addresses and pods, no names, and an upstream is a name. So replicas may go everywhere by default,
except where no upstream is: to the addresses at which clouds give a node its credentials. An object that knows the
addresses of its upstreams names them (`upstream.egressCIDRs`).

Network plugins always let in what comes from a pod's own node, such as the kubelet's probes.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.kin import Kin, OtherFleet
from goproxy_operator.desired.manifest import Manifest, child

_NAME_LABEL = "app.kubernetes.io/name"
_NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""On every namespace, set by the API server."""


_EVERYWHERE = ("0.0.0.0/0", "::/0")
_NO_UPSTREAMS = ("100.100.100.200/32", "169.254.0.0/16", "fd00:ec2::254/128", "fe80::/10")
"""Link-local addresses (RFC 3927, RFC 4291), and those of the metadata services of clouds that are none."""
_DNS = (53, 5353)
"""The second one is where OpenShift's name servers listen, behind a Service at the first one."""


def network_policy(goproxy: GoProxy, operator_namespace: str, kin: Kin, *, scraped: bool) -> Manifest:
    """Return the NetworkPolicy: everybody may connect to the clients' port, only the operator to the admin port, and
    to the peers' port only the fleet's own replicas and those of its children.

    Where a ServiceMonitor makes Prometheus scrape (`scraped`), its pods may connect to the admin port too. They are
    known by the label that the Prometheus operator gives them, in whatever namespace they are.
    """
    operator = {
        "namespaceSelector": {"matchLabels": {_NAMESPACE_LABEL: operator_namespace}},
        "podSelector": {"matchLabels": {_NAME_LABEL: names.FIELD_MANAGER}},
    }
    prometheus: dict[str, Any] = {
        "namespaceSelector": {},
        "podSelector": {"matchLabels": {_NAME_LABEL: "prometheus"}},
    }
    fleet = goproxy.metadata.name
    spec = {
        "podSelector": {"matchLabels": names.selector(fleet)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {"ports": [_port(names.HTTP_PORT)]},
            {"ports": [_port(names.ADMIN_PORT)], "from": [operator, prometheus] if scraped else [operator]},
            {"ports": [_port(names.PEERS_PORT)], "from": [_replicas(fleet), *_others(kin.children)]},
        ],
        "egress": _egress(goproxy.spec.upstream.egress_cidrs, fleet, kin),
    }
    name = names.network_policy(fleet)
    return child(goproxy, "networking.k8s.io/v1", "NetworkPolicy", name, {"spec": spec})


def _replicas(fleet: str) -> Manifest:
    return {"podSelector": {"matchLabels": names.selector(fleet)}}


def _others(fleets: Iterable[OtherFleet]) -> list[Manifest]:
    """Return the replicas of other fleets, by namespace."""
    found: dict[str, set[str]] = {}
    for fleet in fleets:
        found.setdefault(fleet.namespace, set()).add(fleet.name)
    return [
        {
            "namespaceSelector": {"matchLabels": {_NAMESPACE_LABEL: namespace}},
            "podSelector": {
                "matchExpressions": [{"key": names.FLEET_LABEL, "operator": "In", "values": sorted(fleet_names)}]
            },
        }
        for namespace, fleet_names in sorted(found.items())
    ]


def _egress(ranges: Sequence[str] | None, fleet: str, kin: Kin) -> list[dict[str, Any]]:
    """Return where replicas may connect to. Some name servers have link-local addresses, so they are asked anywhere.

    The other replicas and the parent may be asked whatever the ranges are.
    """
    dns = {"ports": [{"port": port, "protocol": protocol} for port in _DNS for protocol in ("UDP", "TCP")]}
    if ranges is not None:
        # A rule without peers would allow all of them.
        parents = [kin.parent] if kin.parent is not None else []
        peers = {
            "ports": [{"port": names.PEERS_PORT_NUMBER, "protocol": "TCP"}],
            "to": [_replicas(fleet), *_others(parents)],
        }
        return [dns, peers, *([{"to": [_block(one) for one in ranges]}] if ranges else [])]
    # Some network plugins do not count pods among the addresses of a range.
    return [dns, {"to": [{"namespaceSelector": {}}, *map(_block, _EVERYWHERE)]}]


def _block(cidr: str) -> dict[str, Any]:
    """Return a range without the addresses at which no upstream is, unless it is one of these itself."""
    whole = ipaddress.ip_network(cidr)
    inside = [one for one in _NO_UPSTREAMS if _is_inside(ipaddress.ip_network(one), whole)]
    return {"ipBlock": {"cidr": cidr, **({"except": inside} if inside else {})}}


def _is_inside(part: ipaddress.IPv4Network | ipaddress.IPv6Network, whole: object) -> bool:
    if isinstance(part, ipaddress.IPv4Network) and isinstance(whole, ipaddress.IPv4Network):
        return part != whole and part.subnet_of(whole)
    if isinstance(part, ipaddress.IPv6Network) and isinstance(whole, ipaddress.IPv6Network):
        return part != whole and part.subnet_of(whole)
    return False


def _port(name: str) -> dict[str, str]:
    return {"port": name, "protocol": "TCP"}
