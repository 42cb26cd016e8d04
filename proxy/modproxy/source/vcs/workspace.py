"""Workspaces: each run of the go command has its own home, module cache and credentials."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from modproxy.source.way_out.credentials import Basic, Ssh

_PASSED_ON = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "LANG", "TMPDIR")


@dataclass(frozen=True, slots=True)
class Workspace:
    """Tells where and with which environment to run the go command."""

    folder: Path
    """An empty folder."""
    env: Mapping[str, str]
    """The whole environment."""


@asynccontextmanager
async def workspace(
    parent: Path, goprivate: str, credentials: Sequence[Basic | Ssh], way_out: Mapping[str, str]
) -> AsyncIterator[Workspace]:
    """Make a workspace below `parent`, and remove it at the end. `way_out` is added to the environment.

    Raises `OSError`.
    """
    root = _new_folder(parent)
    try:
        yield Workspace(_fill(root, credentials), {**_environment(root, goprivate), **way_out})
    finally:
        # A module cache has thousands of files, whose removal would block the event loop.
        await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)


def _new_folder(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=parent))


def _fill(root: Path, credentials: Sequence[Basic | Ssh]) -> Path:
    """Write what the go command reads. Returns the folder to run it in."""
    _write_credentials(root, credentials)
    work = root / "work"
    work.mkdir()
    return work


def _environment(root: Path, goprivate: str) -> dict[str, str]:
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        **passed,
        "HOME": str(root),
        "GOPATH": str(root / "go"),
        "GOMODCACHE": str(root / "go" / "mod"),
        "GOCACHE": str(root / "build"),
        "GOTMPDIR": str(root),
        "GOPROXY": "direct",
        # `source.verified` does the verification; the go command would send the names of private modules to the
        # database.
        "GOSUMDB": "off",
        "GOPRIVATE": goprivate,
        "GOENV": "off",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-modcacherw",
        "GOWORK": "off",
        "GO111MODULE": "on",
        "CGO_ENABLED": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(root / ".gitconfig"),
        # With -F, ssh ignores the settings of the machine. It refuses an unknown host's key without a question.
        "GIT_SSH_COMMAND": f"ssh -F {root / 'ssh_config'} -o BatchMode=yes -o StrictHostKeyChecking=yes",
    }


def _write_credentials(root: Path, credentials: Sequence[Basic | Ssh]) -> None:
    netrc, ssh_config, gitconfig = [], [], []
    # The deepest pattern of a host comes first, because netrc knows hosts only and its first matching line is used.
    for number, entry in enumerate(sorted(credentials, key=lambda c: c.pattern.depth, reverse=True)):
        host = entry.pattern.text.partition("/")[0]
        if isinstance(entry, Basic):
            netrc.append(f"machine {host} login {entry.username} password {entry.password}\n")
            continue
        key, known = root / f"key{number}", root / f"known{number}"
        _private(key, f"{entry.private_key}\n")
        _private(known, f"{entry.known_hosts}\n")
        ssh_config.append(
            f"Host {host}\n  IdentityFile {key}\n  IdentitiesOnly yes\n  UserKnownHostsFile {known}\n"
            "  GlobalKnownHostsFile none\n"
        )
        gitconfig.append(f'[url "ssh://git@{host}/"]\n  insteadOf = https://{host}/\n')
    _private(root / ".netrc", "".join(netrc))
    _private(
        root / "ssh_config", "".join(ssh_config) + "Host *\n  UserKnownHostsFile none\n  GlobalKnownHostsFile none\n"
    )
    _private(root / ".gitconfig", "".join(gitconfig))


def _private(path: Path, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
