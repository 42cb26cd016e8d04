"""Records answers of the machine's GOPROXY, and through it of the checksum database, into a folder.

Each answer is asked for once, and kept below the cache folder, outside of the repository.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from bench.upstream.answers import STATUS_SUFFIX
from modproxy.mod.chain import ChainError, EntryKind, parse_chain
from modproxy.mod.login import UrlLogin
from modproxy.mod.sumdb import Database, SumdbError, parse_gosumdb
from modproxy.source.vcs.go_env import GoEnvError, go_env

_KEPT = (200, 404, 410)
"""Answers that say something of the path; others say something of the hour."""
_TRIES = 3
_TIMEOUT = aiohttp.ClientTimeout(total=300, sock_connect=20, sock_read=60)


class RecordingError(RuntimeError):
    """An answer cannot be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Names an upstream proxy with its login."""

    url: str
    login: UrlLogin | None


@dataclass(frozen=True, slots=True)
class Way:
    """Holds where modules come from, and the checksum database (None: GOSUMDB is off) with its setting."""

    proxies: Sequence[Proxy]
    database: Database | None
    gosumdb: str


async def find_way() -> Way:
    """Ask the machine's go command. There may be no proxy. Raises `RecordingError` when a setting cannot be read."""
    try:
        chain = parse_chain(await go_env("GOPROXY"))
        gosumdb = await go_env("GOSUMDB")
        database = parse_gosumdb(gosumdb)
    except (ChainError, SumdbError, GoEnvError) as e:
        raise RecordingError(str(e)) from None
    proxies = [
        Proxy(entry.url, entry.login)
        for entry in chain
        if entry.kind is EntryKind.PROXY and not entry.url.startswith("file:")
    ]
    return Way(proxies, database, gosumdb if database else "off")


class Recorder:
    """Records answers below a folder. Use it as a context manager.

    `recorded` counts what was recorded since the start.
    """

    def __init__(self, folder: Path, way: Way | None) -> None:
        self._folder = folder
        self._way = way
        self.recorded = 0
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        if self._way:
            # The machine's HTTP proxy and certificates count, as they do for the go command.
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=True, auto_decompress=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session:
            await self._session.close()

    def has(self, path: str) -> bool:
        """Say whether an answer for the path is recorded."""
        return (self._folder / path).is_file()

    async def record(self, path: str) -> None:
        """Ask for a path and keep the answer. Raises `RecordingError` when no proxy gives one that may be kept."""
        if self._way is None or not self._way.proxies:
            raise RecordingError("GOPROXY names no proxy")
        if path.startswith("sumdb/") and path.endswith("/supported"):
            # The recorded upstream serves the database itself, whether or not GOPROXY does.
            self._keep(path, 200, b"")
            return
        sources = [(f"{proxy.url}/{path}", proxy.login) for proxy in self._way.proxies]
        database = self._way.database
        if database and path.startswith(prefix := f"sumdb/{database.name}/"):
            sources.append((f"{database.url}/{path.removeprefix(prefix)}", database.login))
        absent: tuple[int, bytes] | None = None
        failure = RecordingError(f"no proxy can be asked for {path}")
        for url, login in sources:
            try:
                status, body = await self._get(path, url, login)
            except RecordingError as e:
                failure = e
                continue
            if status == 200:
                self._keep(path, status, body)
                return
            absent = absent or (status, body)
        if absent is None:
            raise failure
        self._keep(path, *absent)

    async def _get(self, path: str, url: str, login: UrlLogin | None) -> tuple[int, bytes]:
        assert self._session is not None
        auth = aiohttp.BasicAuth(login.username, login.password) if login else None
        reason = ""
        for _ in range(_TRIES):
            try:
                async with self._session.get(URL(url, encoded=True), auth=auth) as response:
                    body = await response.read()
                    if response.status in _KEPT:
                        return response.status, body
                    reason = f"status {response.status}"
            except (aiohttp.ClientError, TimeoutError) as e:
                reason = type(e).__name__
        raise RecordingError(f"GOPROXY does not give {path}: {reason}")

    def _keep(self, path: str, status: int, body: bytes) -> None:
        file = self._folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if status != 200:
            file.with_name(file.name + STATUS_SUFFIX).write_text(str(status))
        # A recording that is cut short may leave a draft, and never a file that is not whole.
        draft = file.with_name(f"{file.name}.draft{os.getpid()}")
        draft.write_bytes(body)
        draft.replace(file)
        self.recorded += 1
