"""Stops nodes and kills processes on them. A node is a container of the cluster's docker daemon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.kubernetes.kind_cluster import Cluster

# Prints the number of each process whose control groups name the first argument (the uid of a pod; empty: any), and
# whose command line has the second.
FIND = """
for p in /proc/[0-9]*; do
  grep -qs -- "$1" "$p/cgroup" && tr '\\0' ' ' <"$p/cmdline" 2>/dev/null | grep -q -- "$2" && echo "${p#/proc/}"
done; true
"""


def freeze_pod(cluster: Cluster, pod: dict[str, Any], command: str) -> None:
    """Stop the process of a pod whose command line has `command`, so that it is there and does nothing."""
    kill_pod(cluster, pod, command, "STOP")


def kill_pod(cluster: Cluster, pod: dict[str, Any], command: str, signal: str = "KILL") -> None:
    """Send a signal to the process of a pod whose command line has `command`, from outside of its namespaces."""
    uid = str(pod["metadata"]["uid"])
    # The cgroup driver decides which of the two spellings counts.
    _kill(cluster, str(pod["spec"]["nodeName"]), f"{uid}\\|{uid.replace('-', '_')}", command, signal)


def kill_api_server(cluster: Cluster) -> None:
    """Kill -9 the API server; the kubelet starts it anew."""
    (control_plane,) = (node for node in cluster.nodes() if node.endswith("control-plane"))
    _kill(cluster, control_plane, "", "^kube-apiserver ")


@contextmanager
def paused(cluster: Cluster, node: str) -> Iterator[None]:
    """While the context is open, nothing on the node runs."""
    docker = _docker(cluster)
    docker("pause", node)
    try:
        yield
    finally:
        docker("unpause", node)


def _kill(cluster: Cluster, node: str, group: str, command: str, signal: str = "KILL") -> None:
    docker = _docker(cluster)
    found = docker("exec", node, "sh", "-c", FIND, "find", group, command).split()
    assert found, f"no process `{command}` on {node}"
    docker("exec", node, "sh", "-c", f'kill -{signal} "$@"', "kill", *found)


def _docker(cluster: Cluster) -> Any:
    if cluster.docker is None:
        pytest.skip("nodes can be harmed only where the cluster is ours")
    return cluster.docker
