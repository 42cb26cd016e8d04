"""A company with a git host, an HTTP proxy that leads to it, and a source that reads it with the real go and git."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from modproxy.contract.config import CredentialConfig, HttpProxyConfig
from modproxy.mod.pattern import parse_pattern
from modproxy.mod.target import Kind, Target, parse_target
from modproxy.request import Request
from modproxy.source.protocol import SourceError
from modproxy.source.vcs.broker import MayContact
from modproxy.source.vcs.direct import Direct, DirectSettings
from modproxy.source.vcs.shared import SharedVersionControl
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.outbound import Outbound
from tests.modproxy.git_host import HOST, Egress, GitHost
from tests.modproxy.source.fake_source import read
from tests.secrecy.registry import REGISTRY
from tests.secrecy.watch import WATCH

CAPACITY = 1 << 30


@dataclass
class Company:
    """Reads the host by `get`. Every `.info` that was read is held, as the cache of a replica holds it."""

    folder: Path
    git: GitHost
    egress: Egress
    capacity: int = CAPACITY
    private: str = HOST
    insecure: str = ""
    timeout: float = 60.0
    may_contact: MayContact | None = None
    entries: list[CredentialConfig] = field(default_factory=list)
    held: dict[str, bytes] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.shared = SharedVersionControl(self.folder / "private", lambda: self.capacity)
        self.secret("corp-ca", **{"ca.crt": self.git.ca_file.read_text()})
        self.credential(HOST, "corp-git", username=self.git.login[0], password=self.git.login[1])

    @cached_property
    def source(self) -> Direct:
        """The source as the first request finds it. It has to be deleted for a change of the config."""
        return self.direct()

    def secret(self, name: str, **keys: str) -> None:
        folder = self.folder / "secrets" / name
        folder.mkdir(parents=True, exist_ok=True)
        for key, text in keys.items():
            (folder / key.replace("__", "-")).write_text(text)
        REGISTRY.add_keys(f"Secret {name}", {key.replace("__", "-"): text for key, text in keys.items()})

    def credential(self, pattern: str, secret: str, url: str | None = None, **keys: str) -> None:
        self.secret(secret, **keys)
        self.entries.append(CredentialConfig(pattern=pattern, secret_name=secret, url=url))

    def direct(self) -> Direct:
        secrets = self.folder / "secrets"
        credentials = Credentials(self.entries, secrets)
        proxy = HttpProxyConfig(url=self.egress.url)
        outbound = Outbound(credentials, proxy, "corp-ca", secrets, self.folder / "bundle.pem")
        private = tuple(map(parse_pattern, filter(None, self.private.split(","))))
        settings = DirectSettings(
            self.timeout, 20, self.private, self.insecure, private, credentials, outbound, self.may_contact
        )
        return Direct(settings, self.shared, self._info, lambda result: self.counted.update([result]))

    async def _info(self, target: Target, _via: str = "") -> bytes:
        assert target.kind is Kind.INFO
        if target.key not in self.held:
            self.held[target.key] = await read(self.source, Request(target))
        return self.held[target.key]

    async def get(self, path: str) -> bytes:
        target = parse_target(path)
        if target.kind is Kind.INFO:
            return await self._info(target)
        return await read(self.source, Request(target))

    async def error(self, path: str) -> SourceError:
        with contextlib.suppress(KeyError):
            del self.held[path]
        try:
            await self.get(path)
        except SourceError as e:
            WATCH.saw("error", f"{e!r} {e.reason}")
            return e
        raise AssertionError(f"{path} is there")

    @property
    def workspaces(self) -> list[Path]:
        folder = self.folder / "private" / "direct"
        return list(folder.iterdir()) if folder.exists() else []


@asynccontextmanager
async def company(folder: Path) -> AsyncIterator[Company]:
    """Bring up a company without repositories."""
    async with GitHost(folder / "git") as git, Egress({HOST: git.port}) as egress:
        yield Company(folder, git, egress)
