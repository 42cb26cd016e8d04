"""The wheels that our images are installed from, downloaded here because a container may have no network."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from tests.kubernetes.background import ROOT
from tests.kubernetes.cache_folder import cache_folder, cache_key, locked
from tests.kubernetes.progress import step

LOCK = ROOT / "requirements" / "run.txt"
GLIBC = ("2_28", "2_17")  # the oldest C libraries that the wheels of our dependencies are built for


class WheelError(Exception):
    """pip could not get a wheel; the message has its words."""


def collect(target: Path, python_version: str) -> None:
    """Fill a new folder with the locked wheels for a Python such as 3.11 on Debian. Raises WheelError."""
    shutil.copytree(_downloaded(python_version), target)


def _downloaded(python_version: str) -> Path:
    """The folder with the wheels, downloaded once for each content of the lock."""
    machine = platform.machine()
    inputs = (LOCK.read_bytes(), python_version.encode(), machine.encode())
    folder = cache_folder() / f"wheels-{cache_key(inputs)}"
    with locked(folder.with_suffix(".lock"), "wheels: another process is downloading them"):
        if not folder.is_dir():
            workshop = folder.with_suffix(".making")
            shutil.rmtree(workshop, ignore_errors=True)
            platforms = [f"--platform=manylinux_{glibc}_{machine}" for glibc in GLIBC]
            of_python = ["--only-binary=:all:", "--implementation=cp", f"--python-version={python_version}"]
            of_machine = [*platforms, f"--platform=manylinux2014_{machine}"]
            with step("downloading wheels"):
                _pip("download", "--dest", workshop, *of_python, *of_machine, "--require-hashes", "-r", LOCK)
            workshop.rename(folder)
    return folder


def _pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise WheelError(f"`{words}` ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
