"""The modules of a real project as a GOPROXY tree on this machine, fetched once by its own go command."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.kubernetes import go_build
from tests.kubernetes.background import ROOT
from tests.kubernetes.cache_folder import cache_folder, cache_key, locked
from tests.kubernetes.progress import step

PROJECT = ROOT / "tests" / "modproxy" / "live" / "go_project"


class NoModulesError(Exception):
    """The project's modules could not be fetched; the message has the go command's words."""


def ensure() -> Path:
    """The folder that is a GOPROXY=file:// tree of all modules of PROJECT. Raises NoModulesError, BuildError."""
    key = cache_key((PROJECT / name).read_bytes() for name in ("go.mod", "go.sum"))
    folder = cache_folder() / f"go-modules-{key}"
    with locked(folder.with_suffix(".lock"), "the project's modules: another process is fetching them"):
        if not folder.is_dir():
            _fetch(folder)
    return folder / "cache" / "download"


def paths(tree: Path) -> list[str]:
    """Every file of the tree that a client asks for, as paths below GOPROXY."""
    suffixes = (".info", ".mod", ".zip")
    return sorted(
        str(path.relative_to(tree)) for path in tree.rglob("*") if path.suffix in suffixes and "@v" in path.parts
    )


def _fetch(folder: Path) -> None:
    workshop = folder.with_suffix(".making")
    shutil.rmtree(workshop, ignore_errors=True)
    environment = os.environ | {"GOMODCACHE": str(workshop), "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local"}
    with step("the modules of a real project"):
        done = subprocess.run(
            [go_build.find_go(), "mod", "download"],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise NoModulesError(
            f"`go mod download` in {PROJECT} failed, see where `go env GOPROXY` points to:\n{done.stderr}"
        )
    workshop.rename(folder)
