"""The machine and the versions that a results file names, because figures mean nothing without them."""

import importlib.metadata
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.machine.cores import CORES
from bench.machine.processes import memory_by_name
from bench.servers.system_programs import find

_PACKAGES = ("aiohttp", "uvloop", "zlib-ng", "isal", "pynacl", "pydantic")


@dataclass(frozen=True, slots=True)
class Description:
    """Describes a machine and what runs on it."""

    cpu: str
    cores: int
    memory_gib: float
    kernel: str
    binding: str
    versions: dict[str, str]


def describe() -> Description:
    """Look at this machine. It is named nowhere: a results file may be published."""
    memory = memory_by_name(Path("/proc/meminfo").read_text())
    return Description(
        cpu=cpu_model(Path("/proc/cpuinfo").read_text()),
        cores=os.cpu_count() or 1,
        memory_gib=round(memory["MemTotal"] / 2**20, 1),
        kernel=f"{platform.system()} {platform.release()} {platform.machine()}",
        binding=CORES.note,
        versions=_versions(),
    )


def cpu_model(cpuinfo: str) -> str:
    """Read the processor's name from the text of /proc/cpuinfo, which not every architecture has there."""
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # a package that the proxy does not need here
    for name in ("nginx", "wrk"):
        if program := find(name):
            # wrk says its version and its usage, and ends with 1.
            said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False, timeout=10)
            versions[name] = program_version(said.stdout + said.stderr)
    return versions


def program_version(said: str) -> str:
    """Find the version in what nginx or wrk print for `-v`; the whole first line where there is none."""
    found = re.search(r"\d+\.\d+(?:\.\d+)?(?:-\S+)?", said)
    return found[0] if found else said.strip().partition("\n")[0]
