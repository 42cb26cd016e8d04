"""The other Go programs of a test cluster: kind, helm, and what the nodes run beside Kubernetes.

Each has the module that suits its dependencies, so that none drags another's versions up and everything that they share
with Kubernetes is compiled once.
"""

from __future__ import annotations

from pathlib import Path

from tests.cluster import go_build
from tests.cluster.go_build import GoBuild
from tests.cluster.kube_binary import MODULE

HELM_VERSION = "v3.20.2"  # as in helm/go.mod; the program is told, or it calls itself v3.20


def kind() -> Path:
    """The program kind. Raises BuildError."""
    built = GoBuild(name="kind", title="kind", module=MODULE, packages=("sigs.k8s.io/kind",))
    return go_build.ensure(built) / "kind"


def helm() -> Path:
    """The program helm. Raises BuildError."""
    version = f"-X helm.sh/helm/v3/internal/version.version={HELM_VERSION}"
    built = GoBuild(
        name="helm",
        title=f"helm {HELM_VERSION}",
        module=MODULE / "helm",
        packages=("helm.sh/helm/v3/cmd/helm",),
        flags=f"-s -w {version}",
    )
    return go_build.ensure(built) / "helm"


def pause() -> Path:
    """The program pause, the first process of every pod. Raises BuildError."""
    built = GoBuild(name="pause", title="pause", module=MODULE, packages=("./pause",), sources=(MODULE / "pause",))
    return go_build.ensure(built) / "pause"


def provisioner() -> Path:
    """The program local-path-provisioner, which makes the volumes of claims. Raises BuildError."""
    packages = ("github.com/rancher/local-path-provisioner",)
    built = GoBuild(name="provisioner", title="local-path-provisioner", module=MODULE, packages=packages)
    return go_build.ensure(built) / "local-path-provisioner"


def coredns() -> Path:
    """The program coredns. Raises BuildError."""
    module = MODULE / "dns"
    built = GoBuild(
        name="coredns",
        title="CoreDNS",
        module=module,
        packages=(".",),
        sources=(module / "main.go",),
    )
    return go_build.ensure(built) / "dns"
