"""Builds all that takes long for the tests, one after the other: `python -m tests.kubernetes.prepare PART...`

It is started beside the first tests. A test that needs a part calls the part's own function, which waits for this
process or does the work.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.kubernetes import docker_daemon, images, kind_cluster, kube_binary, programs
from tests.modproxy.tracing import collector_process
from tests.neighbours import programs as neighbours

PARTS: dict[str, Callable[[], object]] = {
    "kubernetes": kube_binary.ensure,
    "helm": programs.helm,
    "dex": programs.dex,
    "network-policies": programs.network_policies,
    "kstatus": neighbours.kstatus,
    "collector": collector_process.program,
    "nodes": kind_cluster.prepare,
    "images": lambda: images.ensure(docker_daemon.ensure()),
}

if __name__ == "__main__":
    for part in sys.argv[1:]:
        PARTS[part]()
