"""Enforces NetworkPolicies in the cluster, whose own network plugin does not: by kube-network-policies on each node.

The program decides about the first packet of each connection, which the kernel hands to it. It makes its own rules by
nftables, for which not every kernel has what it needs, so iptables make the rule here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from tests.e2e.nodes import FIND
from tests.e2e.waiting import until
from tests.kubernetes import programs
from tests.kubernetes.docker import Docker
from tests.kubernetes.kind_cluster import SERVICES, Cluster

_NAME = "kube-network-policies"
_PROGRAM = f"/{_NAME}"
_QUEUE = "98"
_RULE = ("FORWARD", "-m", "conntrack", "--ctstate", "NEW", "-j", "NFQUEUE", "--queue-num", _QUEUE)
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_API = SERVICES.partition("/")[0].rpartition(".")[0] + ".1"
_MAY_READ = [
    {"apiGroups": [""], "resources": ["pods", "namespaces", "nodes"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["list", "watch"]},
]


@contextmanager
def network_policies(cluster: Cluster) -> Iterator[None]:
    """While the context is open, NetworkPolicies are in force."""
    docker = cluster.docker
    if docker is None:
        pytest.skip("programs can be put on nodes only where the cluster is ours; yours may enforce NetworkPolicies")
    program = programs.network_policies()
    cluster.kubectl("apply", "--filename=-", stdin=json.dumps(_account()))
    token = cluster.kubectl("create", "token", _NAME, "--namespace=kube-system", "--duration=1h").strip()
    nodes = cluster.nodes()
    try:
        for node in nodes:
            docker("cp", program, f"{node}:{_PROGRAM}")
            files = f"mkdir -p {_ACCOUNT} && cp /etc/kubernetes/pki/ca.crt {_ACCOUNT} && cat > {_ACCOUNT}/token"
            docker("exec", "-i", node, "sh", "-c", files, stdin=token.encode())
            reach = ("-e", f"KUBERNETES_SERVICE_HOST={_API}", "-e", "KUBERNETES_SERVICE_PORT=443")
            start = f"{_PROGRAM} --hostname-override={node} --nfqueue-id={_QUEUE} --disable-nri >/var/log/{_NAME} 2>&1"
            docker("exec", "-d", *reach, node, "sh", "-c", start)
        for node in nodes:
            until(partial(_listens, docker, node), f"{_NAME} on {node}", seconds=60)
            docker("exec", node, "iptables", "-I", *_RULE)
        yield
    finally:
        for node in nodes:
            docker("exec", node, "sh", "-c", f"iptables -D {' '.join(_RULE)} || true")
            found = docker("exec", node, "sh", "-c", FIND, "find", "", f"^{_PROGRAM} ").split()
            docker("exec", node, "sh", "-c", f'[ $# = 0 ] || kill "$@"; rm -rf {_PROGRAM} {_ACCOUNT}', "end", *found)
        cluster.kubectl("delete", "--filename=-", "--ignore-not-found", stdin=json.dumps(_account()))


def _listens(docker: Docker, node: str) -> bool:
    return _QUEUE in docker("exec", node, "cat", "/proc/net/netfilter/nfnetlink_queue").split()


def _account() -> dict[str, object]:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": _NAME}}
    subject = {"kind": "ServiceAccount", "name": _NAME, "namespace": "kube-system"}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _NAME}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _NAME, "namespace": "kube-system"}}
    items = [
        account,
        role | {"kind": "ClusterRole", "rules": _MAY_READ},
        role | {"kind": "ClusterRoleBinding", "roleRef": reference, "subjects": [subject]},
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}
