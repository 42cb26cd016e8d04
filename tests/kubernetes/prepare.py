"""Builds all that takes long for the tests, one after the other: `python -m tests.kubernetes.prepare PART...`

Started beside the first tests; whoever needs a part asks for it by its own function, which waits for this or does it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.kubernetes import docker_daemon, images, kind_cluster, kube_binary, programs

PARTS: dict[str, Callable[[], object]] = {
    "kubernetes": kube_binary.ensure,
    "helm": programs.helm,
    "nodes": kind_cluster.prepare,
    "images": lambda: images.ensure(docker_daemon.ensure()),
}

if __name__ == "__main__":
    for part in sys.argv[1:]:
        PARTS[part]()
