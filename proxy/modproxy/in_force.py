"""What is in force: everything that one config decides, as one frozen value.

The value is made whole before it is assigned, in one step, and a request reads it once, at its beginning. So no request
sees two configs, however long it waits, and a config that cannot be made into rules leaves the old ones in force.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from modproxy.config_file import Loaded
from modproxy.contract.config import CacheConfig, Config, ConfigError
from modproxy.mod.pattern import Pattern
from modproxy.mod.sumdb import SumdbTarget
from modproxy.policy.allowlist import Allowlist
from modproxy.request import Request
from modproxy.source.build import SharedResources, Sources, UpstreamError, build_sources
from modproxy.source.protocol import Source

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that one config decides about requests."""

    generation: int
    """Counts the configs that were taken since the start, from 1."""
    loaded: Loaded
    """The documents that the rules were made of."""
    source: Source
    """Where answers come from that are not held."""
    source_generation: int
    """The generation in which `source` was made: what another source said does not count."""
    policy: Allowlist
    """What may be served."""
    prefix: str
    """The path below which everything is served."""
    database: str | None
    """The checksum database that is served."""
    unverified: tuple[Pattern, ...]
    """Modules of which no checksum database hears."""
    cache: CacheConfig
    """How long answers are good."""
    warnings: tuple[str, ...]
    """What the keepers of the fleet should know of the config, though it is in force."""

    @property
    def config(self) -> Config:
        """The config document."""
        return self.loaded.config


ReadThroughCache = Callable[[Request, Rules], Awaitable[bytes]]
"""Gives a small answer through the cache, under the rules; raises `SourceError`."""


class _DatabaseReader:
    """Lets the sources of a config read the checksum database through the cache, under the rules they are part of.

    The rules exist only once their sources do, so they are handed in afterwards; and rules that keep the sources of
    older ones take these readers over.
    """

    def __init__(self, read: ReadThroughCache) -> None:
        self._read = read
        self.rules: Rules | None = None

    async def read(self, target: SumdbTarget) -> bytes:
        if self.rules is None:
            raise AssertionError("a source is asked only once its rules are in force")
        return await self._read(Request(target), self.rules)


class InForce:
    """Keeps the rules in force, and puts others in their place: all of a config, or nothing of it.

    Call `begin` before anything else.
    """

    def __init__(self, shared: SharedResources, read: ReadThroughCache) -> None:
        self._shared = shared
        self._read = read
        self._rules: Rules | None = None
        self._started: Config | None = None
        self._sources: tuple[Sources, _DatabaseReader] | None = None
        self.error: str | None = None
        """Why a newer config is not in force."""

    @property
    def rules(self) -> Rules:
        """The rules in force."""
        if self._rules is None:
            raise AssertionError("begin comes first")
        return self._rules

    async def begin(self, loaded: Loaded) -> None:
        """Take the first config. Raises `UpstreamError`."""
        self._started = loaded.config
        await self._take(loaded)

    async def change(self, news: Loaded | ConfigError) -> bool:
        """Take a newer config, or note why it cannot be taken; say whether it is in force now. Raises nothing."""
        try:
            if isinstance(news, ConfigError):
                raise news
            await self._take(news)
        except (ConfigError, UpstreamError) as e:
            self.error = str(e)
        except Exception as e:
            log.exception("unexpected, when a config was taken")
            self.error = f"this config cannot be taken, by a fault of this program: {type(e).__name__}: {e}"
        else:
            return True
        log.error("config refused, %s stays in force: %s", self.rules.loaded.hash, self.error)
        return False

    async def _take(self, loaded: Loaded) -> None:
        config, old = loaded.config, self._rules
        generation = 1 if old is None else old.generation + 1
        if self._sources is None or old is None or config.upstream != old.config.upstream:
            reader = _DatabaseReader(self._read)
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
    """Name the fields that are read at the start only, and are another now."""
    fixed = {
        "listen": (first.listen, now.listen),
        "admin": (first.admin, now.admin),
        "id": (first.id, now.id),
        "cache.dir": (first.cache.dir, now.cache.dir),
        "tls": (first.tls is None, now.tls is None),
    }
    return tuple(f"{name} changed: takes effect at the next start" for name, (was, is_) in fixed.items() if was != is_)
