"""Builds the programs beside which fleets live in clusters: each from a Go module of its own here."""

from __future__ import annotations

from pathlib import Path

from tests.kubernetes import go_build
from tests.kubernetes.go_build import GoBuild

_HERE = Path(__file__).parent


def _ensure(folder: str, title: str, *packages: str, disk: str = "2 GB") -> Path:
    """The folder with the programs of these packages, or with the one whose source is here."""
    module = _HERE / folder
    sources = tuple(module.glob("*.go"))
    return go_build.ensure(GoBuild(f"neighbour-{folder}", title, module, packages or (".",), sources, disk=disk))


def kstatus() -> Path:
    """How Flux, kpt and others judge objects: a list of objects on stdin. Raises BuildError."""
    return _ensure("kstatus", "kstatus v0.37.2", disk="1 GB") / "kstatus"


def argocd() -> Path:
    """How Argo CD judges objects, with scripts in Lua as arguments. Raises BuildError."""
    return _ensure("argocd", "Argo CD's health v3.2.6") / "argocd"


def prometheus_operator() -> Path:
    """The program of prometheus-operator. Raises BuildError."""
    package = "github.com/prometheus-operator/prometheus-operator/cmd/operator"
    return _ensure("prometheus-operator", "prometheus-operator v0.85.0", package) / "operator"


def cert_manager() -> Path:
    """Those controllers of cert-manager that issue from SelfSigned and CA. Raises BuildError."""
    return _ensure("cert-manager", "cert-manager v1.21.2") / "cert-manager"


def keda() -> Path:
    """The folder with KEDA's programs: `operator`, and `adapter`, which answers autoscalers. Raises BuildError."""
    commands = "github.com/kedacore/keda/v2/cmd"
    return _ensure("keda", "KEDA v2.21.0", f"{commands}/operator", f"{commands}/adapter", disk="4 GB")


def loki() -> Path:
    """The program of Loki, which has all of its parts. Raises BuildError."""
    return _ensure("loki", "Loki v3.7.7", "github.com/grafana/loki/v3/cmd/loki", disk="4 GB") / "loki"


def flux() -> Path:
    """Flux's kustomize-controller. Raises BuildError."""
    package = "github.com/fluxcd/kustomize-controller"
    return _ensure("flux", "kustomize-controller v1.9.6", package) / "kustomize-controller"


def manifests(folder: str, module: str, under: str) -> list[Path]:
    """Files of a Go module of one of these, such as definitions of kinds, in a folder of it. Raises BuildError."""
    return sorted((go_build.module_folder(_HERE / folder, module) / under).glob("*.yaml"))
