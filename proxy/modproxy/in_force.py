"""The rules in force: everything that one config decides, as one frozen value.

`InForce` makes the value whole before it assigns the value in one step, and a request reads the value once, at its
beginning. Therefore a request is answered under one config, however long the request waits, and a config that cannot be
made into rules leaves the old rules in force. There is one exception: sources that a newer config keeps read the
checksum database under the newer rules, because a source is not told which rules a request began with.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from modproxy.config_file import Loaded
from modproxy.contract.config import CacheConfig, Config, ConfigError
from modproxy.mod.pattern import Pattern
from modproxy.policy.allowlist import Allowlist
from modproxy.request import AnyTarget, Request
from modproxy.source.build import SharedResources, Sources, UpstreamError, build_sources
from modproxy.source.protocol import Source

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """Tells the cache and the server everything that one config decides about requests."""

    generation: int
    """The number of the config among those that were taken since the start, from 1."""
    loaded: Loaded
    """The documents that the rules were made of."""
    source: Source
    """Gives the answers that are not stored."""
    source_generation: int
    """The generation in which `source` was made. Fetches and absences of another source generation are not shared."""
    policy: Allowlist
    """Decides which modules may be served."""
    prefix: str
    """The URL path below which everything is served; empty or `/PREFIX`."""
    database: str | None
    """The name of the checksum database that is served; None when the config turns it off."""
    unverified: tuple[Pattern, ...]
    """Modules whose names must not be sent to a checksum database."""
    cache: CacheConfig
    """How long answers stay fresh."""
    warnings: tuple[str, ...]
    """Problems of the config that do not keep it from being in force, for the keepers of the fleet."""

    @property
    def config(self) -> Config:
        """The config document."""
        return self.loaded.config


ReadThroughCache = Callable[[Request, Rules], Awaitable[bytes]]
"""Returns a small answer through the cache, under the given rules. Raises `SourceError`."""


class _CacheReader:
    """Lets the sources of a config read small answers through the cache.

    Rules are made of sources, so the rules do not exist yet when the sources are made.
    """

    def __init__(self, read: ReadThroughCache) -> None:
        self._read = read
        self.rules: Rules | None = None
        """The newest rules that have these sources."""

    async def read(self, target: AnyTarget) -> bytes:
        if self.rules is None:
            raise AssertionError("a source is asked only once its rules are in force")
        return await self._read(Request(target), self.rules)


class InForce:
    """Keeps the rules in force, and replaces them when the config changes: with all of a new config or nothing of it.

    `begin` must be called first.
    """

    def __init__(self, shared: SharedResources, read: ReadThroughCache) -> None:
        self._shared = shared
        self._read = read
        self._rules: Rules | None = None
        self._started: Config | None = None
        self._sources: tuple[Sources, _CacheReader] | None = None
        self._lock = asyncio.Lock()
        """Held while a config is taken: two at once would get the same generation, and share fetches of two sources."""
        self.error: str | None = None
        """Why a newer config was not taken; None when the newest config is in force."""

    @property
    def rules(self) -> Rules:
        """The rules in force."""
        if self._rules is None:
            raise AssertionError("begin comes first")
        return self._rules

    async def begin(self, loaded: Loaded) -> None:
        """Take the first config. Raises `UpstreamError`."""
        self._started = loaded.config
        async with self._lock:
            await self._take(loaded)

    async def change(self, news: Loaded | ConfigError) -> bool:
        """Take a newer config, or note in `error` why it cannot be taken. Raises nothing.

        Returns whether the config is in force.
        """
        try:
            if isinstance(news, ConfigError):
                raise news
            async with self._lock:
                await self._take(news)
        except (ConfigError, UpstreamError) as e:
            self.error = str(e)
        except Exception as e:
            log.exception("an unexpected error kept a config from being taken")
            self.error = f"this config cannot be taken, by a fault of this program: {type(e).__name__}: {e}"
        else:
            return True
        log.error("config refused, %s stays in force: %s", self.rules.loaded.hash, self.error)
        return False

    async def _take(self, loaded: Loaded) -> None:
        config, old = loaded.config, self._rules
        generation = 1 if old is None else old.generation + 1
        if self._sources is None or old is None or config.upstream != old.config.upstream:
            reader = _CacheReader(self._read)
            sources = await build_sources(config, self._shared, reader.read)
            source_generation = generation
        else:
            sources, reader = self._sources
            source_generation = old.source_generation
        rules = Rules(
            generation=generation,
            loaded=loaded,
            source=sources.source,
            source_generation=source_generation,
            policy=Allowlist(config.modules, loaded.allowlist, config.fleet),
            prefix=config.path_prefix,
            database=sources.database.name if sources.database else None,
            unverified=sources.unverified,
            cache=config.cache,
            warnings=sources.warnings + _fixed_at_start(self._started or config, config),
        )
        reader.rules = self._rules = rules
        self._sources = sources, reader
        self.error = None
        for warning in rules.warnings:
            log.warning("%s", warning)
        log.info("config %s is in force (generation %d)", loaded.hash, generation)


def _fixed_at_start(first: Config, now: Config) -> tuple[str, ...]:
    """Name the fields that are read only at the start and whose values have changed since."""
    fixed = {
        "listen": (first.listen, now.listen),
        "admin": (first.admin, now.admin),
        "id": (first.id, now.id),
        "cache.dir": (first.cache.dir, now.cache.dir),
        "tls": (first.tls is None, now.tls is None),
    }
    return tuple(f"{name} changed: takes effect at the next start" for name, (was, is_) in fixed.items() if was != is_)
