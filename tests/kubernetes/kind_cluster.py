"""A real Kubernetes of three nodes for the end-to-end tests: `python -m tests.kubernetes.kind_cluster up` or `down`.

The first of these counts: the cluster that E2E_KUBECONFIG names (it also needs E2E_IMAGES, two images that it can pull,
and E2E_ADDRESS, where its pods reach this machine); kind with its own node image where an image registry answers; kind
with a node image that is made here, of Debian's packages and Go modules, for which no registry is asked. A cluster that
is there already is used. `down` removes the cluster, `down --all` also ends the docker daemon that `up` started.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.kubernetes import docker_daemon, kube_binary, node_image, prerequisites, programs, registry
from tests.kubernetes.background import ROOT
from tests.kubernetes.cache_folder import cache_folder, locked
from tests.kubernetes.docker import Docker, DockerError
from tests.kubernetes.docker_daemon import NoDaemonError
from tests.kubernetes.go_build import BuildError
from tests.kubernetes.prerequisites import MissingPrerequisiteError
from tests.kubernetes.progress import say, step

HERE = Path(__file__).resolve().parent
NAME = "goproxy-operator"
STOCK_IMAGE = "kindest/node:v1.37.0"  # kind's default in the version that go.mod requires
SERVICES = "10.96.0.0/16"  # kind's default
READY = 120  # seconds from nodes that are there to nodes that are Ready


class NoClusterError(Exception):
    """There is no cluster and none can be made; the message says why, and what to do."""


class CommandError(Exception):
    """A program failed; the message has its words."""


@dataclass(frozen=True)
class Cluster:
    """A cluster to run tests on. `docker` is the daemon that runs its nodes; None for a cluster that was given."""

    kubeconfig: Path
    docker: Docker | None

    def kubectl(self, *arguments: str | Path, stdin: str | None = None, seconds: float = 120.0) -> str:
        """What kubectl prints, as the cluster's admin. Raises CommandError with its words when it fails."""
        return run([kube_binary.ensure() / "kubectl", *arguments], self.environment(), stdin=stdin, seconds=seconds)

    def environment(self) -> dict[str, str]:
        """The environment in which kubectl, helm and kind are about this cluster."""
        return (self.docker.environment() if self.docker else dict(os.environ)) | {"KUBECONFIG": str(self.kubeconfig)}

    def gateway(self) -> str:
        """The address at which pods reach this machine; of a cluster that was given, the one that E2E_ADDRESS says.

        Raises NoClusterError when it says none.
        """
        if self.docker is None:
            if told := os.environ.get("E2E_ADDRESS"):
                return told
            raise NoClusterError("set E2E_ADDRESS to an address of this machine that pods of the given cluster reach")
        gateways = "{{range .IPAM.Config}}{{.Gateway}} {{end}}"
        found = self.docker("network", "inspect", "kind", "--format", gateways).split()
        return next(address for address in found if ":" not in address)

    def load(self, *images: str) -> None:
        """Bring images from the daemon onto every node that runs ordinary pods."""
        workers = ",".join(name for name in self.nodes() if not name.endswith("control-plane"))
        # One command takes all of them, so that the layers that they share are sent once.
        _kind(self, "load", "docker-image", *images, f"--name={NAME}", f"--nodes={workers}")

    def nodes(self) -> list[str]:
        """The names of the nodes, which are those of their containers."""
        return self.kubectl("get", "nodes", "--output=jsonpath={.items[*].metadata.name}").split()


def up() -> Cluster:
    """The cluster, made if need be. Progress goes to stderr. Raises NoClusterError."""
    try:
        return _up()
    except (BuildError, CommandError, DockerError, MissingPrerequisiteError, NoDaemonError) as failure:
        raise NoClusterError(str(failure)) from failure


def prepare() -> None:
    """Make all that `up` needs but the cluster itself. Raises whatever is in the way."""
    if os.environ.get("E2E_KUBECONFIG"):
        return
    prerequisites.on_linux()
    with locked(_lock(), "the cluster's node image: another process is making it"):
        docker = docker_daemon.ensure()
        if not registry.obtainable(docker, STOCK_IMAGE):
            node_image.ensure(docker)
        programs.kind()


def is_there() -> bool:
    """Whether our cluster exists, in whatever state, or one was given."""
    if os.environ.get("E2E_KUBECONFIG"):
        return True
    docker = docker_daemon.find()
    return docker is not None and bool(docker("ps", "--all", "--quiet", f"--filter=name={NAME}-control-plane").strip())


def down(everything: bool = False) -> None:
    """Remove our cluster, and with `everything` end the docker daemon that we started. A given cluster stays."""
    docker = docker_daemon.find()
    if docker is not None:
        cluster = Cluster(_kubeconfig(), docker)
        with locked(_lock(), "the cluster: another process is at it"), step("removing the cluster"):
            _kind(cluster, "delete", "cluster", f"--name={NAME}")
    if everything:
        docker_daemon.stop()


def run(
    command: list[str | Path], environment: dict[str, str], stdin: str | None = None, seconds: float = 600.0
) -> str:
    """What a program prints, run in the root of the repository.

    Raises CommandError with its words when it fails or takes longer.
    """
    words = " ".join(str(word) for word in [Path(command[0]).name, *command[1:]])
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandError(f"`{words}` took longer than {seconds:.0f} s") from None
    if done.returncode != 0:
        raise CommandError(f"`{words}` ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def _up() -> Cluster:
    if given := os.environ.get("E2E_KUBECONFIG"):
        cluster = Cluster(Path(given).expanduser().absolute(), None)
        cluster.kubectl("get", "nodes")
        return cluster
    prerequisites.on_linux()
    with locked(_lock(), "the cluster: another process is making it"):
        docker = docker_daemon.ensure()
        cluster = Cluster(_kubeconfig(), docker)
        stock = registry.obtainable(docker, STOCK_IMAGE)
        image = STOCK_IMAGE if stock else node_image.ensure(docker)
        if _runs(cluster, image):
            return cluster
        with step("creating the cluster"):
            _create(cluster, image, HERE / ("kind-stock.yaml" if stock else "kind-own.yaml"))
    return cluster


def _create(cluster: Cluster, image: str, config: Path) -> None:
    _kind(cluster, "delete", "cluster", f"--name={NAME}")
    cluster.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    _kind(cluster, "create", "cluster", f"--name={NAME}", f"--image={image}", f"--config={config}", f"--wait={READY}s")
    cluster.kubectl("wait", "--for=condition=Ready", "nodes", "--all", f"--timeout={READY}s", seconds=READY + 30)
    _refuse_services_that_are_not_there(cluster)


def _refuse_services_that_are_not_there(cluster: Cluster) -> None:
    """Keep packets for the addresses of Services from leaving a node: kube-proxy rewrites them if the Service has pods.

    Beyond the nodes there may be something that answers any address. The API server would find that instead of a
    Service that is a moment old, and keep the connection.
    """
    assert cluster.docker is not None
    rule = ("OUTPUT", "--destination", SERVICES, "--protocol", "tcp", "--jump", "REJECT", "--reject-with", "tcp-reset")
    for node in cluster.nodes():
        cluster.docker("exec", node, "iptables", "--wait", "--insert", *rule)


def _runs(cluster: Cluster, image: str) -> bool:
    """Whether our cluster is there, made of this image, with all its nodes Ready."""
    if cluster.docker is None or not cluster.kubeconfig.is_file():
        return False
    try:
        used = cluster.docker("inspect", "--format", "{{.Config.Image}}", f"{NAME}-control-plane").strip()
        if used != image:
            return False
        wait = ("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=20s", "--request-timeout=20s")
        cluster.kubectl(*wait, seconds=40)
    except (CommandError, DockerError):
        return False
    return True


def _kind(cluster: Cluster, *arguments: str) -> None:
    run([programs.kind(), *arguments], cluster.environment())


def _kubeconfig() -> Path:
    return cache_folder() / "cluster" / "kubeconfig"


def _lock() -> Path:
    return cache_folder() / "cluster.lock"


def main() -> int:
    """Bring the cluster up and say how to use it, or take it down."""
    parser = argparse.ArgumentParser(prog="python -m tests.kubernetes.kind_cluster", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    parts.add_parser("up", help="make the cluster, or find it")
    removal = parts.add_parser("down", help="remove the cluster")
    removal.add_argument("--all", action="store_true", help="and end the docker daemon that `up` started")
    asked = parser.parse_args()
    begun = time.monotonic()
    try:
        if asked.part == "down":
            down(asked.all)
            return 0
        cluster = up()
    except (CommandError, NoClusterError) as failure:
        say(str(failure))
        return 1
    say(f"the cluster is up, after {time.monotonic() - begun:.0f} s:\n{cluster.kubectl('get', 'nodes')}")
    sys.stdout.write(
        f"export KUBECONFIG={cluster.kubeconfig} PATH={kube_binary.ensure()}:{programs.helm().parent}:$PATH\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
