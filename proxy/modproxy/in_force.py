"""The rules in force: everything that one config decides, as one frozen value.

`InForce` makes the value whole before it assigns the value in one step, and a request reads the value once, at its
beginning. Therefore a request is answered under one config, however long the request waits, and a config that cannot be
made into rules leaves the old rules in force. There is one exception: sources that a newer config keeps read the
checksum database under the newer rules, because a source is not told which rules a request began with.
"""

import asyncio
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from modproxy.config_file import Loaded
from modproxy.contract.config import CacheConfig, Config, ConfigError
from modproxy.facts.facts import Facts, vulnerability_url
from modproxy.facts.http_files import over_http
from modproxy.facts.judge import Judge
from modproxy.hosted.hosting import Hosting
from modproxy.identity.identities import Identities, Kept
from modproxy.identity.presented import Everybody, WhoAsks
from modproxy.layout import Layout
from modproxy.mod.pattern import Pattern, parse_pattern
from modproxy.mod.sumdb import SumdbTarget
from modproxy.mod.target import Kind
from modproxy.policy.admission import Admission
from modproxy.policy.allowlist import Allowlist
from modproxy.policy.permissions import Permissions
from modproxy.request import AnyTarget, Request
from modproxy.source.build import SharedResources, Sources, build_sources
from modproxy.source.configured import UpstreamError
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
    identities: WhoAsks
    """Finds out who makes a request."""
    permissions: Permissions
    """Decides who may do what."""
    policy: Allowlist
    """Decides which modules may be served."""
    admission: Admission
    """Decides which stored files may be served, by who vouched for them."""
    prefix: str
    """The URL path below which everything is served; empty or `/PREFIX`."""
    hosts: frozenset[str]
    """The hosts that clients may ask for; empty for any."""
    database: str | None
    """The name of the checksum database that is served; None when the config turns it off."""
    unverified: tuple[Pattern, ...]
    """Modules whose names must not be sent to a checksum database."""
    cache: CacheConfig
    """How long answers stay fresh."""
    warnings: tuple[str, ...]
    """Problems of the config that do not keep it from being in force, for the keepers of the fleet."""
    shared_database: Source | None = None
    """Gives other replicas answers of the checksum database that nobody has proved; None where none is served."""
    hosting: Hosting | None = None
    """Knows which modules are published to the fleet only; None where the config has no hosted modules."""
    judge: Judge | None = None
    """Decides which versions may be served, by what is known of them; None where the config asks for nothing of it."""

    layout: Layout | None = None
    """The places that `source` asks, by name; None for a source that no config has described."""

    @property
    def config(self) -> Config:
        """The config document."""
        return self.loaded.config


class SmallAnswers(Protocol):
    """The small answers that a cache has, each under the given rules."""

    async def read(self, request: Request, rules: Rules) -> bytes:
        """Return an answer, which is fetched where it is not held. Raises `SourceError`."""
        ...

    async def held(self, request: Request, rules: Rules) -> bytes | None:
        """Return an answer that is held; None when it is not."""
        ...

    async def keep(self, request: Request, body: bytes, voucher: str) -> None:
        """Hold an answer with its voucher, in place of the one that is held."""
        ...


class _CacheReader:
    """Lets the sources of a config use the small answers that the cache has.

    Rules are made of sources, so the rules do not exist yet when the sources are made.
    """

    def __init__(self, cache: SmallAnswers) -> None:
        self._cache = cache
        self.rules: Rules | None = None
        """The newest rules that have these sources."""

    def _in_force(self) -> Rules:
        if self.rules is None:
            raise AssertionError("a source is asked only once its rules are in force")
        return self.rules

    def admits(self, target: AnyTarget, voucher: str) -> bool:
        return self._in_force().admission.admits(target, voucher)

    @property
    def times(self) -> CacheConfig:
        return self._in_force().cache

    async def read(self, target: AnyTarget, via: str) -> bytes:
        return await self._cache.read(Request(target, via=via), self._in_force())

    async def read_held(self, target: AnyTarget) -> bytes:
        return await self._cache.read(Request(target, cached_only=True, local=True), self._in_force())

    async def held(self, target: SumdbTarget) -> bytes | None:
        return await self._cache.held(Request(target), self._in_force())

    async def keep(self, target: SumdbTarget, body: bytes, voucher: str) -> None:
        await self._cache.keep(Request(target), body, voucher)


class InForce:
    """Keeps the rules in force, and replaces them when the config changes: with all of a new config or nothing of it.

    `begin` must be called first.
    """

    def __init__(self, shared: SharedResources, cache: SmallAnswers, facts: Facts) -> None:
        self._facts = facts
        facts.changed = self._judge_anew
        self._shared = shared
        self._cache = cache
        self._rules: Rules | None = None
        self._started: Config | None = None
        self._sources: tuple[Sources, _CacheReader] | None = None
        self._kept = Kept()
        """What is known of credentials, whatever the config."""
        self._lock = asyncio.Lock()
        """Held while a config is taken: two at once would get the same generation, and share fetches of two sources."""
        self.identities: Identities | None = None
        """Prove who asks, under the rules in force; None where the config names no way to prove it."""
        self.error: str | None = None
        """Why a newer config was not taken; None when the newest config is in force."""

    @property
    def rules(self) -> Rules:
        """The rules in force."""
        if self._rules is None:
            raise AssertionError("begin comes first")
        return self._rules

    def rules_if_any(self) -> Rules | None:
        """Return the rules in force; None before `begin` has put any in place."""
        return self._rules

    @property
    def sources(self) -> Sources:
        """The sources of the rules in force."""
        if self._sources is None:
            raise AssertionError("begin comes first")
        return self._sources[0]

    async def close(self) -> None:
        """End what proves who asks."""
        if self.identities is not None:
            self.identities.close()
        await self._kept.close()

    async def begin(self, loaded: Loaded) -> None:
        """Take the first config. Raises `UpstreamError`."""
        self._started = loaded.config
        try:
            async with self._lock:
                await self._take(loaded)
        except UpstreamError:
            raise
        except Exception as e:
            raise UpstreamError(_fault(e)) from e

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
            self.error = _fault(e)
        else:
            return True
        log.error("config refused, %s stays in force: %s", self.rules.loaded.hash, self.error)
        return False

    async def _take(self, loaded: Loaded) -> None:
        config, old = loaded.config, self._rules
        generation = 1 if old is None else old.generation + 1
        url = vulnerability_url(config)
        if (
            self._sources is None
            or old is None
            or config.upstream != old.config.upstream
            or config.cache.parent != old.config.cache.parent
            or config.cache.object_store != old.config.cache.object_store
            or config.hosted != old.config.hosted
            or url != vulnerability_url(old.config)
        ):
            reader = _CacheReader(self._cache)
            sources = await build_sources(config, self._shared, reader, [url] if url else [])
            source_generation = generation
        else:
            sources, reader = self._sources
            source_generation = old.source_generation
        hosting = Hosting.of(config.hosted) if config.hosted is not None else None
        policy = Allowlist(config.modules, loaded.allowlist, config.fleet)
        identities = await self._identities(config, sources)
        await self._facts.take(config, over_http(sources.hops, config.upstream.timeout, self._shared.count))
        rules = Rules(
            generation=generation,
            loaded=loaded,
            source=sources.source,
            source_generation=source_generation,
            identities=identities or Everybody(),
            permissions=Permissions(config.access, config.fleet, config.modules.contact),
            policy=policy,
            admission=Admission(
                sources.database.id if sources.database else None,
                tuple(map(parse_pattern, config.upstream.not_proxied)),
                sources.unverified,
                hosting,
            ),
            prefix=config.path_prefix,
            hosts=frozenset(config.hosts),
            database=sources.database.name if sources.database else None,
            unverified=sources.unverified,
            cache=config.cache,
            hosting=hosting,
            warnings=sources.warnings + _fixed_at_start(self._started or config, config),
            shared_database=sources.shared_database,
            layout=sources.layout,
            judge=self._facts.judge(config, sources.database, sources.unverified, reader),
        )
        reader.rules = self._rules = rules
        self._sources = sources, reader
        if identities is not None:
            identities.take_over()
        elif self.identities is not None:
            self.identities.close()
        self.identities = identities
        self.error = None
        for warning in rules.warnings:
            log.warning("%s", warning)
        log.info("config %s is in force (generation %d)", loaded.hash, generation)

    async def read_tree_head(self) -> None:
        """Have the newest tree head verified, where ages are judged by the log. Raises `SourceError`."""
        rules = self.rules
        if rules.config.modules.minimum_age and rules.database is not None:
            await self._cache.read(Request(SumdbTarget(rules.database, "latest", Kind.TREE)), rules)

    def _judge_anew(self) -> None:
        """Put rules in force whose judge knows the newest facts. What was decided by older facts counts no more: the
        memo of hits holds for one value of the rules.
        """
        if self._rules is None or self._sources is None:
            return
        sources, reader = self._sources
        judge = self._facts.judge(self._rules.config, sources.database, sources.unverified, reader)
        reader.rules = self._rules = replace(self._rules, judge=judge)

    async def _identities(self, config: Config, sources: Sources) -> Identities | None:
        """Make what proves who asks, with what of the former config stays true."""
        if config.access is None or not config.access.proves:
            return None
        made = Identities(
            config.access, Path(config.secrets_dir), sources.documents, self._kept, before=self.identities
        )
        await made.prepare()
        return made


def _fault(error: Exception) -> str:
    return f"this config cannot be taken, by a fault of this program: {type(error).__name__}: {error}"


def _of_peers(config: Config, name: str) -> str | None:
    value: str | None = getattr(config.peers, name) if config.peers is not None else None
    return value


def _fixed_at_start(first: Config, now: Config) -> tuple[str, ...]:
    """Name the fields that are read only at the start and whose values have changed since."""
    fixed = {
        "listen": (first.listen, now.listen),
        "admin": (first.admin, now.admin),
        "id": (first.id, now.id),
        "cache.dir": (first.cache.dir, now.cache.dir),
        "tls": (first.tls is None, now.tls is None),
        "peers": (first.peers is None, now.peers is None),
        "peers.listen": (_of_peers(first, "listen"), _of_peers(now, "listen")),
        "peers.name": (_of_peers(first, "name"), _of_peers(now, "name")),
    }
    return tuple(f"{name} changed: takes effect at the next start" for name, (was, is_) in fixed.items() if was != is_)
