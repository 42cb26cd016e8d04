"""Brings both images of this checkout into the cluster on this machine, and says how to install them: `make load`.

The cluster is the one of `make cluster`, which is made if need be.
"""

from __future__ import annotations

import sys

from tests.kubernetes import images, kind_cluster, kube_binary, programs
from tests.kubernetes.docker import DockerError
from tests.kubernetes.go_build import BuildError
from tests.kubernetes.images import Images
from tests.kubernetes.kind_cluster import CommandError, NoClusterError
from tests.kubernetes.prerequisites import MissingPrerequisiteError
from tests.kubernetes.progress import say, step
from tests.kubernetes.wheels import WheelError


def settings(made: Images) -> dict[str, str]:
    """What the chart has to be told to install these images: the value of each setting."""
    registry, _, operator = made.operator.rpartition("/")
    name, _, tag = operator.partition(":")
    proxy = made.proxy.rpartition("/")[2].partition(":")[0]
    return {
        "image.registry": registry,
        "image.operator": name,
        "image.proxy": proxy,
        "image.tag": tag,
    }


def main() -> int:
    """Build, load, and print what to type next. The exit status is 1 when something is in the way."""
    try:
        cluster = kind_cluster.up()
        if cluster.docker is None:
            raise NoClusterError("unset E2E_KUBECONFIG: a cluster elsewhere takes its images from a registry")
        made = images.ensure(cluster.docker)
        with step("bringing the images onto the nodes"):
            cluster.load(made.proxy, made.operator)
    except (BuildError, CommandError, DockerError, MissingPrerequisiteError, NoClusterError, WheelError) as failure:
        say(str(failure))
        return 1
    path = f"{kube_binary.ensure()}:{programs.helm().parent}:$PATH"
    told = " ".join(f"--set {key}={settings(made)[key]}" for key in ("image.registry", "image.tag"))
    say("both images are on every node. Next, in your shell:")
    sys.stdout.write(
        f"export KUBECONFIG={cluster.kubeconfig} PATH={path}\n"
        "helm upgrade --install goproxy-operator charts/goproxy-operator -n goproxy-operator --create-namespace "
        f"{told}\n"
        "kubectl apply -f examples/goproxy.yaml\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
