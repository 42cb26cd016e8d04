"""Issuers on loopback, folders of Secrets, and identities whose clock the test sets."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from modproxy.contract.config.access import AccessConfig
from modproxy.identity.identities import Identities, Kept
from modproxy.identity.presented import Presented
from modproxy.identity.principal import Principal
from modproxy.source.way_out.connections import Connections
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.documents import Documents
from modproxy.source.way_out.outbound import Outbound
from tests.modproxy.identity.issuer import AUDIENCE, Issuer

PEER = "192.0.2.7"


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Clock:
    """Is the time, as far as the test moves it."""

    def __init__(self) -> None:
        self.passed = 0.0

    def __call__(self) -> float:
        return time.time() + self.passed


class World:
    """Takes configs as a replica does, and asks who makes requests."""

    def __init__(self, folder: Path, documents: Documents) -> None:
        self.folder = folder
        self.clock = Clock()
        self.kept = Kept(clock=self.clock)
        self.changes = 0
        self.kept.on_change.append(self._changed)
        self._documents = documents
        self.identities: Identities

    def _changed(self) -> None:
        self.changes += 1

    def secret(self, name: str, **keys: str | bytes | None) -> None:
        """Write keys of a Secret, or remove them."""
        (self.folder / name).mkdir(exist_ok=True)
        for key, content in keys.items():
            path = self.folder / name / key
            if content is None:
                path.unlink()
            else:
                draft = path.with_name("draft")
                draft.write_bytes(content.encode() if isinstance(content, str) else content)
                draft.replace(path)

    async def take(self, access: Mapping[str, Any]) -> Identities:
        """Take a config."""
        before = getattr(self, "identities", None)
        made = Identities(AccessConfig.model_validate(access), self.folder, self._documents, self.kept, before)
        await made.prepare()
        made.take_over()
        self.identities = made
        return made

    async def who(self, authorization: str | None, peer: str = PEER, **headers: str) -> Principal:
        """Say who makes a request. Underscores in names of headers are dashes."""
        sent = CIMultiDict((name.replace("_", "-"), value) for name, value in headers.items())
        return await self.identities.who(Presented(authorization, peer, sent))


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[Documents]:
    connections = Connections()
    yield Documents(connections, Outbound(Credentials((), tmp_path), None, None, tmp_path, tmp_path / "bundle"))
    await connections.close()


@pytest.fixture
async def world(tmp_path: Path, documents: Documents) -> AsyncIterator[World]:
    made = World(tmp_path, documents)
    yield made
    if hasattr(made, "identities"):
        made.identities.close()
    await made.kept.close()


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with Issuer() as server:
        yield server


def oidc(*issuers: Issuer, **settings: str) -> dict[str, Any]:
    """Make a config with issuers."""
    return {"oidc": [{"issuer": issuer.url, "audience": AUDIENCE, **settings} for issuer in issuers]}
