"""The wheels that our images are installed from, made here because a container may have no network."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from tests.kubernetes.background import ROOT
from tests.kubernetes.cache_folder import cache_folder, cache_key, locked
from tests.kubernetes.progress import step

SOURCES = ("pyproject.toml", "README.md", "operator", "proxy")  # what our own wheel is made of
EXTRAS = ("operator", "go")
GLIBC = ("2_28", "2_17")  # the oldest C libraries that the wheels of our dependencies are built for


class WheelError(Exception):
    """pip could not get or make a wheel; the message has its words."""


def requirements(pyproject: str) -> list[str]:
    """What both programs need beside Python, and pip, which installs it."""
    project = tomllib.loads(pyproject)["project"]
    extras = [one for extra in EXTRAS for one in project["optional-dependencies"][extra]]
    return [*project["dependencies"], *extras, "pip"]


def collect(target: Path, python_version: str) -> None:
    """Fill a new folder with the wheels for a Python such as 3.11 on Debian. Raises WheelError."""
    shutil.copytree(_dependencies(python_version), target)
    with step("the wheel of goproxy-operator"), tempfile.TemporaryDirectory() as scratch:
        # A build writes beside its sources: here it does so in a copy.
        tree = Path(scratch)
        for name in SOURCES:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
            else:
                shutil.copy(source, tree)
        _pip("wheel", "--no-deps", "--wheel-dir", target, tree)


def _dependencies(python_version: str) -> Path:
    """The folder with the wheels of what we need, downloaded once for each list of it."""
    wanted = requirements((ROOT / "pyproject.toml").read_text())
    machine = platform.machine()
    folder = cache_folder() / f"wheels-{cache_key(text.encode() for text in (*wanted, python_version, machine))}"
    with locked(folder.with_suffix(".lock"), "wheels: another process is downloading them"):
        if not folder.is_dir():
            workshop = folder.with_suffix(".making")
            shutil.rmtree(workshop, ignore_errors=True)
            platforms = [f"--platform=manylinux_{glibc}_{machine}" for glibc in GLIBC]
            of_python = ["--only-binary=:all:", "--implementation=cp", f"--python-version={python_version}"]
            with step("downloading wheels"):
                _pip(
                    "download",
                    "--dest",
                    workshop,
                    *of_python,
                    *platforms,
                    f"--platform=manylinux2014_{machine}",
                    *wanted,
                )
            workshop.rename(folder)
    return folder


def _pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = " ".join(str(word) for word in command)
        raise WheelError(f"`{words}` ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
