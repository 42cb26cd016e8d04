"""One replica, put together: what is wired to what, how a new config is taken, what it reports."""

import asyncio
import logging
import secrets
import time
from importlib.metadata import version
from pathlib import Path

from modproxy.cache import Cache
from modproxy.config_file import Loaded
from modproxy.contract.config import Config, TlsConfig
from modproxy.contract.report import ConfigState, Report, StorageState
from modproxy.mod.sumdb import SumdbTarget
from modproxy.policy.allowlist import Allowlist
from modproxy.server.certificates import Certificates
from modproxy.server.client import ClientHandler
from modproxy.server.metrics import Metrics, UpstreamCounts
from modproxy.server.traffic import Traffic
from modproxy.source.build import Sources, Surroundings, build_sources
from modproxy.source.chain import Chain
from modproxy.source.own_listener import Address
from modproxy.source.upstream import open_session
from modproxy.store.disk import DiskStore
from modproxy.store.janitor import Janitor

log = logging.getLogger(__name__)


class Replica:
    """The parts of a running replica. Make it inside the event loop, call `start`, and `close` at the end."""

    def __init__(self, loaded: Loaded, listeners: list[Address]) -> None:
        config = loaded.config
        self._started = loaded
        self._in_force = loaded
        self._generation = 0
        self._config_error: str | None = None
        self._warnings: list[str] = []
        self._sources: Sources | None = None
        self._born = time.monotonic()
        self._session = open_session()
        self._version = version("goproxy-operator")
        self._tasks: list[asyncio.Task[None]] = []
        upstream_counts = UpstreamCounts()
        via_id = f"modproxy-{config.id or secrets.token_hex(8)}"
        traffic = Traffic(time.monotonic)
        self.ready = False
        self.store = DiskStore(Path(config.cache.dir), config.cache.size_bytes)
        self._janitor = Janitor(self.store, config.cache)
        self.cache = Cache(self.store, Chain([]), config.cache)
        self._around = Surroundings(
            self._session, f"1.1 {via_id}", listeners, upstream_counts.count, self.store.private, self._read
        )
        self.handler = ClientHandler(self.cache, _allowlist(loaded), traffic, via_id)
        self._traffic = traffic
        self.certificates = Certificates(_tls_folder(config, config.tls)) if config.tls else None
        self.metrics = Metrics(
            traffic,
            upstream_counts,
            self.handler.refusals,
            self.cache,
            self.report,
            certificate_expires=self._certificate_expires,
        )

    async def start(self) -> None:
        """Take the first config and begin to count what is held. Raises `OSError` and `UpstreamError`."""
        self.store.prepare()
        await self.apply(self._started)
        if self.certificates:
            await self.certificates.look()
            self._tasks.append(asyncio.create_task(self.certificates.follow()))
        self._tasks += [asyncio.create_task(self._count_held()), asyncio.create_task(self._janitor.run())]
        self.ready = True

    async def apply(self, loaded: Loaded) -> None:
        """Put a config into force, all of it or nothing. Raises `UpstreamError`."""
        config = loaded.config
        if self._sources is None or config.upstream != self._in_force.config.upstream:
            self._sources = sources = await build_sources(config, self._around)
            self.cache.source = sources.source
            self.handler.database = sources.database.name if sources.database else None
            self.handler.unverified = sources.unverified
            self.cache.forget_absences()
        warnings = self._sources.warnings + _needs_restart(self._started.config, config)
        self.handler.allowlist = _allowlist(loaded)
        self.handler.path_prefix = config.path_prefix
        if self.certificates and config.tls:
            self.certificates.folder = _tls_folder(config, config.tls)
        self.store.limit = config.cache.size_bytes
        self.cache.config = self._janitor.config = config.cache
        self.store.grown.set()
        self._in_force = loaded
        self._generation += 1
        self._config_error = None
        self._warnings = warnings
        for warning in warnings:
            log.warning("%s", warning)
        log.info("config %s is in force (generation %d)", loaded.hash, self._generation)

    async def _read(self, target: SumdbTarget) -> bytes:
        """Read an answer of the checksum database through the cache."""
        body = (await self.cache.get(target)).body
        return body if body is not None else b""

    def refuse(self, error: Exception) -> None:
        """Remember why a newer config is not in force."""
        self._config_error = str(error)
        log.error("config refused, %s stays in force: %s", self._in_force.hash, error)

    @property
    def config(self) -> Config:
        """The config in force."""
        return self._in_force.config

    def report(self) -> Report:
        """Say how this replica does."""
        certificates = self.certificates
        return Report(
            version=self._version,
            ready=self.ready and (certificates is None or certificates.loaded),
            uptime_seconds=round(time.monotonic() - self._born, 3),
            config=ConfigState(
                hash=self._in_force.hash,
                generation=self._generation,
                error=self._config_error or (certificates.problem if certificates else None),
                warnings=tuple(self._warnings),
            ),
            storage=StorageState(
                used_bytes=self.store.used_bytes,
                capacity_bytes=self.store.capacity(),
                objects=self.store.objects,
                scanned=self.store.scanned,
                disk_pressure=self.store.pressure,
            ),
            window=self._traffic.window(),
            requests=self._traffic.by_outcome(),
        )

    def _certificate_expires(self) -> float | None:
        expires = self.certificates.expires if self.certificates else None
        return expires.timestamp() if expires else None

    async def _count_held(self) -> None:
        try:
            await self.store.scan()
        except OSError as e:
            log.error("the cache cannot be counted: %s", e)

    async def close(self) -> None:
        """End what is under way and let go of everything."""
        for task in self._tasks:
            task.cancel()
        await self.cache.close()
        await self._session.close()
        self.store.close()


def _allowlist(loaded: Loaded) -> Allowlist:
    return Allowlist(loaded.config.modules, loaded.allowlist, loaded.config.fleet)


def _tls_folder(config: Config, tls: TlsConfig) -> Path:
    return Path(config.secrets_dir) / tls.secret_name


def _needs_restart(first: Config, now: Config) -> list[str]:
    """Name the fields that are read at the start only."""
    fixed = {
        "listen": (first.listen, now.listen),
        "admin": (first.admin, now.admin),
        "id": (first.id, now.id),
        "cache.dir": (first.cache.dir, now.cache.dir),
        "tls": (first.tls is None, now.tls is None),
    }
    return [f"{name} changed: takes effect at the next start" for name, (was, is_) in fixed.items() if was != is_]
