"""Builds Kubernetes, kubectl and etcd for the tests: one multi-call Go program, kept in a cache folder.

`python -m tests.kubernetes.kube_binary` builds it (four minutes on two cores) and prints the folder
that holds it; when it is there already, that takes no time. The folder has one symbolic link for every program.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.kubernetes import go_build
from tests.kubernetes.go_build import BuildError, GoBuild
from tests.kubernetes.progress import say

PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-proxy",
    "kube-scheduler",
    "kubeadm",
    "kubectl",
    "kubelet",
)
MODULE = Path(__file__).resolve().parent


def kubernetes_version(go_mod: str) -> str:
    """The Kubernetes version that a go.mod requires, such as v1.35.4. ValueError when it requires none."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v\d+\.\d+\.\d+)\s*$", go_mod, re.MULTILINE)
    if not found:
        raise ValueError("go.mod requires no release of k8s.io/kubernetes: add `k8s.io/kubernetes vX.Y.Z` to it")
    return found[1]


def link_flags(version: str) -> str:
    """The linker's flags: strip, and say the version, without which the programs call themselves v0.0.0."""
    major, minor, _ = version.removeprefix("v").split(".")
    stamp = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        # The time is fixed, so that the same sources are the same bytes.
        "gitCommit": "0" * 40,
        "buildDate": "1970-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")  # the servers; their user agents
    return " ".join(
        ["-s -w", *(f"-X {package}.{name}={value}" for package in packages for name, value in stamp.items())]
    )


def ensure() -> Path:
    """The folder with the programs, built now if it is not there, or awaited if another process is building it.

    Progress goes to stderr. Raises BuildError.
    """
    version = kubernetes_version((MODULE / "go.mod").read_text())
    return go_build.ensure(
        GoBuild(
            name="kube",
            title=f"Kubernetes {version}",
            module=MODULE,
            packages=("./kube",),
            sources=(MODULE / "kube",),
            flags=link_flags(version),
            links=dict.fromkeys(PROGRAMS, "kube"),
            disk="5 GB",
        )
    )


def main() -> int:
    """Build, print the folder."""
    try:
        folder = ensure()
    except BuildError as failure:
        say(str(failure))
        return 1
    sys.stdout.write(f"{folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
