"""Builds the programs beside which fleets live in clusters: each from a Go module of its own here."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes import go_build
from tests.kubernetes.go_build import GoBuild

_HERE = Path(__file__).parent


def _ensure(folder: str, title: str, package: str = ".", program: str = "", disk: str = "2 GB") -> Path:
    module = _HERE / folder
    sources = tuple(module.glob("*.go"))
    built = GoBuild(f"neighbour-{folder}", title, module, (package,), sources, disk=disk)
    return go_build.ensure(built) / (program or folder)


def kstatus() -> Path:
    """How Flux, kpt and others judge objects: a list of objects on stdin. Raises BuildError."""
    return _ensure("kstatus", "kstatus v0.37.2", disk="1 GB")


def argocd() -> Path:
    """How Argo CD judges objects, with scripts in Lua as arguments. Raises BuildError."""
    return _ensure("argocd", "Argo CD's health v3.2.6")


def prometheus_operator() -> Path:
    """The program of prometheus-operator. Raises BuildError."""
    package = "github.com/prometheus-operator/prometheus-operator/cmd/operator"
    return _ensure("prometheus-operator", "prometheus-operator v0.85.0", package, "operator")


def cert_manager() -> Path:
    """Those controllers of cert-manager that issue from SelfSigned and CA. Raises BuildError."""
    return _ensure("cert-manager", "cert-manager v1.21.2")


def keda() -> Path:
    """KEDA's operator. Raises BuildError."""
    return _ensure("keda", "KEDA v2.21.0", "github.com/kedacore/keda/v2/cmd/operator", "operator", "4 GB")


def flux() -> Path:
    """Flux's kustomize-controller. Raises BuildError."""
    return _ensure(
        "flux", "kustomize-controller v1.9.6", "github.com/fluxcd/kustomize-controller", "kustomize-controller"
    )


def manifests(folder: str, module: str, under: str) -> list[Path]:
    """Files of a Go module of one of these, such as definitions of kinds, in a folder of it. Raises BuildError."""
    return sorted((go_build.module_folder(_HERE / folder, module) / under).glob("*.yaml"))
