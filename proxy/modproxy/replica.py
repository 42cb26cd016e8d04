"""One replica: how its parts are wired, how it starts, takes a new config, and ends."""

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from modproxy.cache.lookup import Cache
from modproxy.config_file import Loaded
from modproxy.contract.address import Address
from modproxy.contract.config import Config, ConfigError, TlsConfig
from modproxy.in_force import InForce
from modproxy.reporting import Reporter
from modproxy.server.certificates import Certificates
from modproxy.server.handler import ClientHandler
from modproxy.server.metrics import Metrics, UpstreamCounts
from modproxy.server.traffic import Traffic
from modproxy.source.build import SharedResources
from modproxy.source.upstream import open_session
from modproxy.source.vcs.shared import SharedVersionControl
from modproxy.store.disk import DiskStore
from modproxy.store.janitor import Janitor
from modproxy.threads import Pool
from modproxy.via import ViaEntry

_HASHING_THREADS = 2

log = logging.getLogger(__name__)


class Replica:
    """Holds the parts of a running replica together.

    Make it inside the event loop, call `start`, and call `close` at the end.
    """

    def __init__(self, loaded: Loaded, listeners: Sequence[Address]) -> None:
        config = loaded.config
        self._started = loaded
        self._tasks: list[asyncio.Task[None]] = []
        self._session = open_session()
        self._hashing = Pool("hash", _HASHING_THREADS)
        upstream_counts = UpstreamCounts()
        own = ViaEntry(config.id or secrets.token_hex(8), secrets.token_hex(4))
        traffic = Traffic(time.monotonic)
        self.store = DiskStore(Path(config.cache.dir), config.cache.size_bytes)
        self._janitor = Janitor(self.store, config.cache)
        cache = Cache(self.store, self._hashing)
        version_control = SharedVersionControl(self.store.private, self.store.capacity)
        shared = SharedResources(
            self._session, own, listeners, upstream_counts.count, self.store.private, version_control
        )
        self.in_force = InForce(shared, cache.read)
        self.handler = ClientHandler(cache, self.store, self.in_force, traffic, own)
        self.certificates = Certificates(_tls_folder(config, config.tls)) if config.tls else None
        self.reporter = Reporter(self.in_force, self.store, traffic, self.certificates)
        self.metrics = Metrics(
            traffic,
            upstream_counts,
            self.handler.refusals,
            cache,
            self.reporter.report,
            certificate_expires=self.reporter.certificate_expires,
        )
        self._cache = cache

    async def start(self) -> None:
        """Take the first config and begin to count the stored files. Raises `OSError` and `UpstreamError`."""
        self.store.prepare()
        await self.in_force.begin(self._started)
        if self.certificates:
            await self.certificates.look()
            self._tasks.append(asyncio.create_task(self.certificates.follow()))
        self._tasks += [asyncio.create_task(self._count_stored()), asyncio.create_task(self._janitor.run())]
        self.reporter.ready = True

    async def change(self, news: Loaded | ConfigError) -> None:
        """Take a newer config, all of it or nothing. The report says why a config was not taken."""
        if not await self.in_force.change(news):
            return
        config = self.config
        if self.certificates and config.tls:
            self.certificates.folder = _tls_folder(config, config.tls)
        self.store.limit = config.cache.size_bytes
        self._janitor.config = config.cache
        self.store.grown.set()

    @property
    def config(self) -> Config:
        """The config in force."""
        return self.in_force.rules.config

    async def _count_stored(self) -> None:
        try:
            await self.store.count()
        except OSError as e:
            log.error("the cache cannot be counted: %s", e)

    def leave(self) -> None:
        """Turn readiness off, and ask each client to close its connection after its next answer."""
        self.reporter.ready = False
        self.handler.draining = True

    async def close(self) -> None:
        """End the tasks and the fetches under way, and close what the replica has open."""
        for task in self._tasks:
            task.cancel()
        await self._cache.close()
        await self._session.close()
        self.store.close()
        self._hashing.close()


def _tls_folder(config: Config, tls: TlsConfig) -> Path:
    return Path(config.secrets_dir) / tls.secret_name
