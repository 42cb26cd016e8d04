"""Makes file trees of a small Debian, for images where no registry answers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.kubernetes import prerequisites
from tests.kubernetes.cache_folder import cache_folder, cache_key, locked
from tests.kubernetes.prerequisites import MissingPrerequisiteError
from tests.kubernetes.progress import step

# Its containerd is the last that accepts cgroups of version 1, which is all that some machines have.
SUITE = "bookworm"
PYTHON_VERSION = "3.11"  # of that suite

NODE_PACKAGES = ("ca-certificates", "containerd", "containernetworking-plugins", "iproute2", "iptables", "runc")
BASE_PACKAGES = ("ca-certificates", "git", "openssh-client", "python3")

# Images do not have what only a package manager or a reader at the terminal wants.
LEFT_OUT = (
    "./dev/*",
    "./proc/*",
    "./sys/*",
    "./usr/lib/*/perl",  # not Debian's own perl-base; git names it for commands that none of us calls
    "./usr/share/doc/*",
    "./usr/share/info/*",
    "./usr/share/locale/*",
    "./usr/share/man/*",
    "./usr/share/perl",
    "./var/cache/*",
    "./var/lib/apt/lists/*",
    "./var/log/*",
)


def ensure(name: str, packages: Sequence[str]) -> Path:
    """The folder of a Debian with these packages, made now if it is not there.

    Raises MissingPrerequisiteError.
    """
    folder = cache_folder() / f"debian-{name}-{cache_key(text.encode() for text in (SUITE, *LEFT_OUT, *packages))}"
    if folder.is_dir():
        return folder
    if os.geteuid() != 0:
        raise MissingPrerequisiteError(
            "Making images from Debian's packages needs root (debootstrap): run this as root, let docker pull images, "
            "or set E2E_KUBECONFIG to the kubeconfig of a cluster."
        )
    prerequisites.require(prerequisites.NODE_IMAGE, "Making images from Debian's packages")
    with locked(folder.with_suffix(".lock"), f"the Debian root {name}: another process is making it"):
        if not folder.is_dir():
            _make(name, packages, folder)
    return folder


def archive(folder: Path) -> list[str | Path]:
    """The command that writes this root as a tar stream."""
    left_out = [f"--exclude={pattern}" for pattern in LEFT_OUT]
    return ["tar", "--numeric-owner", "--sort=name", *left_out, "-c", "-C", folder, "."]


def apt_mirror(sources: str) -> str | None:
    """The first mirror in the text of apt's lists, in either of their formats; None when there is none."""
    found = re.search(r"^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s*)?)(\S+)", sources, re.MULTILINE)
    return found[1] if found else None


def _mirror() -> str | None:
    """Where apt gets Debian's packages on this machine; None to take debootstrap's own default."""
    if not re.search(r"^ID=debian$", Path("/etc/os-release").read_text(), re.MULTILINE):
        return None
    apt = Path("/etc/apt")
    lists = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("debian*"))]
    return apt_mirror("\n".join(one.read_text() for one in lists if one.is_file()))


def _make(name: str, packages: Sequence[str], folder: Path) -> None:
    workshop = folder.with_suffix(".making")
    shutil.rmtree(workshop, ignore_errors=True)  # of a run that was killed; we hold the lock
    workshop.mkdir(parents=True, mode=0o755)
    include = f"--include={','.join(packages)}"
    command = ["debootstrap", "--variant=minbase", include, SUITE, str(workshop)]
    if mirror := _mirror():
        command.append(mirror)
    environment = os.environ | {"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"}
    with step(f"the Debian root {name} ({SUITE}; once)"):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise MissingPrerequisiteError(f"`{' '.join(command)}` ended with {done.returncode}:\n{tail}")
    workshop.rename(folder)
