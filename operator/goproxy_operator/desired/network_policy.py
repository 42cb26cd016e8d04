"""Who may connect to the replicas. NetworkPolicies add up: one of your own lets in more, never less.

Network plugins always let in what comes from a pod's own node, such as the kubelet's probes.
"""

from typing import Any

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child

_NAME_LABEL = "app.kubernetes.io/name"
_NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""On every namespace, set by the API server."""


def network_policy(goproxy: GoProxy, operator_namespace: str, *, scraped: bool) -> Manifest:
    """Return the NetworkPolicy: everybody may connect to the clients' port, only the operator to the admin port.

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
        "policyTypes": ["Ingress"],
        "ingress": [
            {"ports": [_port(names.HTTP_PORT)]},
            {"ports": [_port(names.ADMIN_PORT)], "from": [operator, prometheus] if scraped else [operator]},
        ],
    }
    name = names.network_policy(fleet)
    return child(goproxy, "networking.k8s.io/v1", "NetworkPolicy", name, {"spec": spec})


def _port(name: str) -> dict[str, str]:
    return {"port": name, "protocol": "TCP"}
