"""Finds what a cluster of ours needs of the machine, installs it where we may, or says clearly that it is missing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping

from tests.kubernetes.progress import step

DAEMON = {"dockerd": "docker.io", "containerd": "containerd", "runc": "runc", "iptables": "iptables"}
CLIENT = {"docker": "docker.io"}
NODE_IMAGE = {"debootstrap": "debootstrap"}


class MissingPrerequisiteError(Exception):
    """There can be no cluster here; the message says what is missing, and what to do."""


def on_linux() -> None:
    """Raises MissingPrerequisiteError where this is not Linux: the nodes are Linux containers of this machine."""
    if platform.system() != "Linux":
        raise MissingPrerequisiteError(
            f"A cluster of ours needs Linux, and this is {platform.system()}: "
            "set E2E_KUBECONFIG to the kubeconfig of a cluster."
        )


def may_install() -> bool:
    """Whether Debian's packages can be installed: we are root, and there is apt-get."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def require(programs: Mapping[str, str], why: str) -> None:
    """Have these programs (program -> Debian package), installing them if that can be.

    Raises MissingPrerequisiteError, with the reason why they are needed.
    """
    missing = {program: package for program, package in programs.items() if shutil.which(program, path=_path()) is None}
    if not missing:
        return
    packages = sorted(set(missing.values()))
    if not may_install():
        raise MissingPrerequisiteError(advice(missing, why))
    with step(f"installing the packages {', '.join(packages)}"):
        _apt_get("update")
        _apt_get("install", "-y", "--no-install-recommends", *packages)


def advice(missing: Mapping[str, str], why: str) -> str:
    """What to do about missing programs (program -> Debian package) that we may not install."""
    packages = " ".join(sorted(set(missing.values())))
    return (
        f"{why} needs {', '.join(missing)}: install what is missing (Debian: apt-get install {packages}), "
        "run this as root where there is apt-get, or set E2E_KUBECONFIG to the kubeconfig of a cluster."
    )


def _path() -> str:
    """The PATH, and where Debian keeps the programs of daemons, which the PATH of a user may lack."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def _apt_get(*arguments: str) -> None:
    # Another apt-get may be at work, for example the machine's own timer.
    command = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", *arguments]
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise MissingPrerequisiteError(f"`{' '.join(command)}` ended with {done.returncode}:\n{tail}")
