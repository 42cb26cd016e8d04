"""Workspaces: where the go command runs for one fetch, and the whole environment in which it runs.

The environment is made of nothing but what stands here, because go, git, ssh and what they start obey variables and
files that would let others decide what runs:

- HOME is the workspace, git reads neither /etc/gitconfig nor ~/.gitconfig (GIT_CONFIG_NOSYSTEM, GIT_CONFIG_GLOBAL), nor
  attributes of the machine (GIT_ATTR_NOSYSTEM), and go reads no `go env -w` (GOENV=off): no alias, hook, filter,
  credential helper, `includeIf` or `insteadOf` of the machine counts. Mercurial reads no hgrc (HGRCPATH).
- git takes its settings from GIT_CONFIG_KEY_n: values in the environment need no quoting. Nothing from outside is in
  them. Hooks, templates, monitors and background work are off, and credentials come from the fleet's own helper alone.
- GIT_ALLOW_PROTOCOL has what the go command may meet in a go-import page, and neither `ext` nor `file`. Plain http is
  in it because the go command follows a page that says so; no credential is ever sent over it.
- GIT_SSH is the fleet's own command. It runs ssh without config, agent and questions, or not at all.
- Nobody is asked anything: GIT_TERMINAL_PROMPT and stdin are off, and no ASKPASS program is known.
- GOAUTH asks the fleet's own command for the login of each go-import page, instead of ~/.netrc.
- GOTOOLCHAIN=local, GOFLAGS, GOWORK: neither a go.mod nor a setting makes another go command run.
- GOSUMDB=off: `source.verified` does the verification; the go command would send the names of private modules to the
  database. GOPRIVATE decides by GOVCS which version control systems may be used: git and Mercurial for public modules.
- LC_ALL=C: `failure` reads git's messages in English.

Repositories' names never reach a shell: go and git pass them as arguments after `--end-of-options`, and module paths
and git's own URLs with a host that begins with a dash are refused.
"""

import asyncio
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from modproxy.source.vcs import helper

NOWHERE = Path("/")
"""Where go and git run. In a folder of the cache they could find a go.mod or a .git of a folder above: of the project,
where a fleet on a laptop keeps its data.
"""
_PASSED_ON = ("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "TMPDIR")
_ROLES = ("goauth", "credential", "ssh")
_GIT_SETTINGS = {
    "credential.helper": "!modproxy-credential",
    "credential.useHttpPath": "true",
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.askPass": "",
    "init.templateDir": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
}


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """Carries what the environment of a fetch depends on."""

    goprivate: str
    goinsecure: str
    stall: float
    """After so many seconds without a byte a connection of git is given up."""
    way_out: Mapping[str, str]
    """Variables for the HTTP proxy and trusted certificates. With NETRC in it, logins of that file count too, after the
    fleet's own.
    """


@dataclass(frozen=True, slots=True)
class Workspace:
    """Tells with which environment to run the go command."""

    root: Path
    repositories: Path
    """Where the go command keeps its clones of repositories."""
    env: Mapping[str, str]
    """The whole environment."""


@asynccontextmanager
async def workspace_folder(parent: Path, removed: Callable[[Path], None] = lambda _: None) -> AsyncIterator[Path]:
    """Make a folder for one fetch below `parent`, remove it at the end, and tell `removed` of it. Raises `OSError`."""
    root = await asyncio.to_thread(_new_folder, parent)
    try:
        yield root
    finally:
        # A module cache has thousands of files, whose removal would block the event loop.
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, root, ignore_errors=True))
        removed(root)


def _new_folder(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=parent))


def clones_of(root: Path) -> Path:
    """Return where the go command keeps its clones in a workspace (codehost.WorkDir of cmd/go)."""
    return root / "go" / "mod" / "cache" / "vcs"


def fill_workspace(root: Path, settings: WorkspaceSettings, socket: Path, *, git_asks: bool) -> Workspace:
    """Write what the go command needs. With `git_asks`, git asks before it contacts a repository.

    Blocks; raises `OSError`.
    """
    programs, repositories = root / "bin", clones_of(root)
    for folder in (programs, repositories, root / "tmp"):
        folder.mkdir(parents=True, exist_ok=True)
    ask = shlex.join((sys.executable, "-I", "-S", str(helper.__file__), str(socket)))
    for role in _ROLES:
        _program(programs / f"modproxy-{role}", f'exec {ask} {role} "$@"\n')
    real = shutil.which("git")
    if git_asks and real is not None:
        # git runs a dozen times in each fetch, and contacts a repository by these two commands only.
        quoted = shlex.quote(real)
        _program(
            programs / "git",
            f'case " $* " in *" fetch "*|*" ls-remote "*) exec {ask} git {quoted} "$@";; esac\nexec {quoted} "$@"\n',
        )
    if "NETRC" in settings.way_out:
        (root / ".netrc").symlink_to(settings.way_out["NETRC"])  # git knows no variable for it
    return Workspace(root, repositories, _environment(root, programs, settings))


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o700)


def _environment(root: Path, programs: Path, settings: WorkspaceSettings) -> dict[str, str]:
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    git = _GIT_SETTINGS | {"http.lowSpeedLimit": "1", "http.lowSpeedTime": str(max(1, round(settings.stall)))}
    return {
        **passed,
        "PATH": f"{programs}:{os.environ.get('PATH', os.defpath)}",
        "HOME": str(root),
        "LC_ALL": "C",
        "GOPATH": str(root / "go"),
        "GOMODCACHE": str(root / "go" / "mod"),
        "GOCACHE": str(root / "build"),
        "GOTMPDIR": str(root / "tmp"),
        "TMPDIR": str(root / "tmp"),
        "GOPROXY": "direct",
        "GOSUMDB": "off",
        "GOPRIVATE": settings.goprivate,
        "GOINSECURE": settings.goinsecure,
        "GOENV": "off",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-modcacherw",
        "GOWORK": "off",
        "GO111MODULE": "on",
        "GOTELEMETRY": "off",
        "CGO_ENABLED": "0",
        "GOAUTH": "modproxy-goauth;netrc" if "NETRC" in settings.way_out else "modproxy-goauth",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git",
        "GIT_SSH": str(programs / "modproxy-ssh"),
        "GIT_SSH_VARIANT": "ssh",
        "GIT_CONFIG_COUNT": str(len(git)),
        **{f"GIT_CONFIG_KEY_{n}": key for n, key in enumerate(git)},
        **{f"GIT_CONFIG_VALUE_{n}": value for n, value in enumerate(git.values())},
        "HGRCPATH": "",
        "HGPLAIN": "1",
        **settings.way_out,
    }
