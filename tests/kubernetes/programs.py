"""Builds the other Go programs of a test cluster: kind, helm, dex, and what the nodes run beside Kubernetes.

Each has the module that suits its dependencies. So a program does not raise the versions of another one, and what they
share with Kubernetes is compiled once.
"""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes import go_build
from tests.kubernetes.go_build import GoBuild
from tests.kubernetes.kube_binary import MODULE, kubernetes_version

HELM_VERSION = "v3.20.2"  # as in helm/go.mod; the linker sets it, otherwise the program calls itself v3.20


def kind() -> Path:
    """The program kind. Raises BuildError."""
    built = GoBuild(name="kind", title="kind", module=MODULE, packages=("sigs.k8s.io/kind",))
    return go_build.ensure(built) / "kind"


def helm() -> Path:
    """The program helm. Raises BuildError."""
    _, minor, _ = kubernetes_version((MODULE / "go.mod").read_text()).split(".")
    # `helm template` and `helm lint` take this for the cluster's version; their own default is v1.20.
    kubernetes = {
        f"helm.sh/helm/v3/pkg/{package}.k8sVersion{part}": value
        for package in ("chartutil", "lint/rules")
        for part, value in (("Major", "1"), ("Minor", minor))
    }
    stamp = {"helm.sh/helm/v3/internal/version.version": HELM_VERSION} | kubernetes
    built = GoBuild(
        name="helm",
        title=f"helm {HELM_VERSION}",
        module=MODULE / "helm",
        packages=("helm.sh/helm/v3/cmd/helm",),
        flags=" ".join(["-s -w", *(f"-X {name}={value}" for name, value in stamp.items())]),
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


def dex() -> Path:
    """The program dex, an OpenID provider. Raises BuildError."""
    module = MODULE / "dex"
    built = GoBuild(name="dex", title="dex", module=module, packages=(".",), sources=(module / "main.go",))
    return go_build.ensure(built) / "dex"


def network_policies() -> Path:
    """The program kube-network-policies, which enforces NetworkPolicies on a node. Raises BuildError."""
    packages = ("sigs.k8s.io/kube-network-policies/cmd",)
    module = MODULE / "netpol"
    built = GoBuild(name="network-policies", title="kube-network-policies", module=module, packages=packages)
    return go_build.ensure(built) / "cmd"
