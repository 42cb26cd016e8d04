"""Keeps objects, events and logs of a failed test, in a folder of its own below var/e2e."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.kubernetes.background import ROOT
from tests.kubernetes.kind_cluster import Cluster, CommandError

OBJECTS = "goproxies,statefulsets,pods,services,configmaps,persistentvolumeclaims,horizontalpodautoscalers"
CLUSTER = "nodes,persistentvolumes,namespaces,apiservices"


def keep(cluster: Cluster, test: str, namespaces: list[str]) -> Path:
    """Write all that may explain a failure; where something cannot be read, its file says so. Returns the folder."""
    folder = ROOT / "var" / "e2e" / re.sub(r"[^\w.-]+", "_", test)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _write(cluster, folder / "cluster.txt", "get", CLUSTER, "--output=wide")
    for namespace in namespaces:
        here = f"--namespace={namespace}"
        _write(cluster, folder / f"{namespace}.yaml", "get", OBJECTS, here, "--output=yaml")
        _write(cluster, folder / f"{namespace}-events.txt", "get", "events", here, "--sort-by=.lastTimestamp")
        for pod in _pods(cluster, here):
            log = ("logs", pod, here, "--all-containers", "--prefix", "--timestamps")
            _write(cluster, folder / f"{namespace}-{pod}.log", *log)
            _write(cluster, folder / f"{namespace}-{pod}-previous.log", *log, "--previous")
    return folder


def _pods(cluster: Cluster, namespace: str) -> list[str]:
    try:
        return cluster.kubectl("get", "pods", namespace, "--output=jsonpath={.items[*].metadata.name}").split()
    except CommandError:
        return []


def _write(cluster: Cluster, file: Path, *arguments: str) -> None:
    try:
        text = cluster.kubectl(*arguments, seconds=30)
    except CommandError as failure:
        if "--previous" in arguments:
            return  # the container has not been restarted
        text = str(failure)
    file.write_text(text)
