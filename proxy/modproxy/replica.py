"""One replica: how its parts are wired, how it starts, takes a new config, and ends."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from aiohttp import web

from modproxy.audit.auditor import Auditor
from modproxy.background import BackgroundTasks
from modproxy.bucket.bucket import Bucket
from modproxy.bucket.depot import Depot
from modproxy.cache.changes import Changes
from modproxy.cache.deleted_versions import DeletedVersions
from modproxy.cache.lookup import Cache
from modproxy.cache.zip_check import ThreadChecks
from modproxy.cache.zip_process import ProcessChecks
from modproxy.config_file import Loaded, changes
from modproxy.contract.address import Address
from modproxy.contract.config import Config, ConfigError, TlsConfig
from modproxy.contract.report import Outage, Report
from modproxy.facts.facts import Facts
from modproxy.faults import Faults
from modproxy.fleet.peers import Peers
from modproxy.hosted.mixed import MixedModules
from modproxy.hosted.shelf import HostedShelf
from modproxy.identity.identities import watch_identities
from modproxy.importing.elsewhere import is_elsewhere
from modproxy.importing.heads import HeadInForce
from modproxy.importing.importer import Importer
from modproxy.importing.publications import ShelfPublications
from modproxy.importing.spool import Spool
from modproxy.in_force import InForce
from modproxy.reporting import CERTIFICATES, CONFIG, Reporter
from modproxy.resources.watch import ResourceWatch
from modproxy.server.bundle_import import IMPORT, BundleImport
from modproxy.server.certificates import Certificates
from modproxy.server.decide.arrival import MODULES, PAGE
from modproxy.server.handler import ClientHandler
from modproxy.server.held import HELD, Held
from modproxy.server.hosting import of_hosted
from modproxy.server.metrics import Metrics, UpstreamCounts
from modproxy.server.obtaining import Obtainer
from modproxy.server.page.action import PageAction, PageParts
from modproxy.server.page.index import ModuleIndex
from modproxy.server.peers import PeerHandler
from modproxy.server.prefetch import MOST_FILES, PREFETCH, Prefetch
from modproxy.server.probing import Probing
from modproxy.server.publish import DEPOT_SHARE, HostingParts
from modproxy.server.traffic import Traffic
from modproxy.server.why.action import WHY, WhyAction
from modproxy.server.why.copies import Places
from modproxy.server.why.explaining import Explainer, WhyParts
from modproxy.source.asking_again import ask_again
from modproxy.source.build import SharedResources
from modproxy.source.peer_client import PeerClient
from modproxy.source.probing import Asked, probe_places
from modproxy.source.vcs.shared import SharedVersionControl
from modproxy.source.way_out.bucket_settings import bucket_settings
from modproxy.source.way_out.connections import Connections
from modproxy.source.way_out.named_secrets import watch_secrets
from modproxy.store.disk import DiskStore
from modproxy.store.eviction import nothing_is_a_copy
from modproxy.store.janitor import Janitor
from modproxy.store.write_behind import WriteBehind
from modproxy.sync.schedule import FILES_AT_ONCE
from modproxy.sync.sync import Sync
from modproxy.sync.webhook import WEBHOOK
from modproxy.threads import Pool
from modproxy.tracing.tracing import Tracing
from modproxy.via import ViaEntry

_HASHING_THREADS = 2
_SETTLED_SECONDS = 5.0
"""How long the end waits for files to reach the disk. What does not reach it is fetched anew by the next process."""


class Replica:
    """Holds the parts of a running replica together.

    Make it inside the event loop, call `start`, and call `close` at the end.
    """

    def __init__(self, loaded: Loaded, listeners: Sequence[Address]) -> None:
        config = loaded.config
        self._started = loaded
        self.background = BackgroundTasks()
        self._faults = Faults()
        self._connections = Connections()
        self._hashing = Pool("hash", _HASHING_THREADS)
        upstream_counts = UpstreamCounts()
        own = ViaEntry(config.id or secrets.token_hex(8), secrets.token_hex(4))
        self.traffic = traffic = Traffic(time.monotonic)
        self.resources = ResourceWatch()
        self.tracing = Tracing()
        self.store = DiskStore(Path(config.cache.dir), config.cache.size_bytes)
        self._janitor = Janitor(self.store, config.cache)
        self._janitor.is_copy = lambda: (self.peers.is_copy() if self.peers is not None else None) or nothing_is_a_copy
        self._checks = ProcessChecks(ThreadChecks(self._hashing))
        self.peers = Peers(config.peers, config.id or config.fleet or "") if config.peers is not None else None
        cache = Cache(self.store, self._checks, self.peers)
        self.changes = Changes(cache, self.store, self.peers.tell_change if self.peers is not None else None)
        """Makes news of modules count, here and in the other replicas."""
        version_control = SharedVersionControl(self.store.private, self.store.capacity)
        self.auditor = Auditor(self.store.private, self.store.capacity, self._connections)
        self.facts = Facts(self.store.private)
        self.object_store = WriteBehind(self.store, Bucket())
        self.depot = Depot(self.object_store.bucket, self.store.private / "depot")
        self.mixed = MixedModules(HostedShelf(self.depot), self.store.private / "hosted" / "mixed")
        self._deleted = DeletedVersions(self.mixed, self.store)
        self.store.beside = lambda: (
            version_control.used_bytes
            + self.auditor.used_bytes
            + self.depot.used_bytes
            + self.importer.spool.used_bytes
        )
        shared = SharedResources(
            self._connections,
            own,
            listeners,
            upstream_counts.count,
            self.store.private,
            version_control,
            self.facts.heads.saw,
            PeerClient(self.peers) if self.peers is not None else None,
            bucket=self.object_store.bucket,
            mixed=self.mixed,
        )
        self.in_force = InForce(shared, cache, self.facts)
        self.handler = ClientHandler(
            cache, self.store, self.in_force, traffic, own, auditor=self.auditor, tracing=self.tracing
        )
        hosting = of_hosted(
            self.handler,
            HostingParts(cache, self.store, self.store.capacity, self._checks, self.mixed, self.changes, own),
        )
        obtainer = Obtainer(self.handler.obtain, self.store, MOST_FILES)
        prefetch = Prefetch(obtainer, self.auditor, self.handler.carried_out, draining=lambda: self.handler.draining)
        self._sync = Sync(
            Obtainer(self.handler.obtain, self.store, FILES_AT_ONCE),
            cache, self.store, self.changes, rules=lambda: self.in_force.rules, peers=self.peers,
            depot=self.depot, object_store=self.object_store.bucket,
        )  # fmt: skip
        heads = HeadInForce(self.depot, cache, self.store.private / "sumdb")
        self.importer = Importer(
            Spool(
                self.store.private / "imports",
                lambda: int(self.store.capacity() * DEPOT_SHARE) - self.depot.used_bytes,
            ),
            self.depot,
            self.in_force,
            heads=heads,
            changes=self.changes,
            publications=ShelfPublications(self.mixed.shelf),
            elsewhere=partial(is_elsewhere, cache),
        )
        places = Places(self.store, cache, self.object_store.bucket, self.mixed)
        explainer = Explainer(WhyParts(own, self.handler.held, places, self.peers, self._outages))
        self.why = WhyAction(explainer, self.peers.members.name if self.peers is not None else "")
        self.probing = Probing(
            self.peers.members.name if self.peers is not None else "",
            lambda: self.in_force.rules,
            lambda layout, module, version: probe_places(
                self.in_force.sources.hops, layout, Asked(module, version), self.peers, self.object_store.bucket
            ),
        )
        self.modules = ModuleIndex(self.store.root)
        page = PageAction(
            PageParts(own, self._report, explainer, self.modules, self.store, self.handler.recent_refusals)
        )
        self.handler.actions = {
            **hosting.actions,
            **{PREFETCH: prefetch, WEBHOOK: self._sync.webhooks, WHY: self.why, PAGE: page, MODULES: page},
            IMPORT: BundleImport(self.importer, self.handler.carried_out),
            HELD: Held(self.store.root, self.depot, lambda: len(self.peers.members.live) if self.peers else 0),
        }
        self.certificates = Certificates(_tls_folder(config, config.tls)) if config.tls else None
        self.reporter = Reporter(
            self.in_force,
            self.store,
            traffic,
            self.certificates,
            self.background,
            auditor=self.auditor,
            faults=self._faults,
            facts=self.facts,
        )
        self.peer_handler = (
            PeerHandler(
                self.peers,
                cache,
                self.store,
                self.in_force.rules_if_any,
                own,
                answer_child=self.handler.handle_child,
                heard=self.changes.heard,
                known=self._sync.hints.known,
                tracing=self.tracing,
            )
            if self.peers
            else None
        )
        self._tell_the_reporter()
        self.metrics = Metrics(
            traffic,
            upstream_counts,
            self.handler.refusals.total,
            cache,
            self.reporter.report,
            auditor=self.auditor,
            pending=lambda: self.store.pending_files,
            object_store_requests=self.object_store.bucket.requests,
            certificate_expires=self.reporter.certificate_expires,
            spans=self.tracing.counts,
            container=lambda: self.resources.container,
            peers=self.peers,
            hosted_changes=hosting.counts,
            prefetched=prefetch.counts,
            webhooks=self._sync.webhooks.counts,
            synced=self._sync.files.counts,
        )
        self._cache = cache

    def _tell_the_reporter(self) -> None:
        """Say where the reporter gets what a report says."""
        if self.peers is not None:
            self.reporter.peers = self.peers.report
        self.reporter.traces = lambda: self.tracing.warnings
        self.reporter.resources = self.resources.state
        self.reporter.sync = self._sync.scheduled.report
        self.reporter.webhook_secret = lambda: self._sync.webhooks.secret.problem
        self.reporter.refusals = self.handler.refusals.recent
        self.reporter.object_store = lambda: self.depot.report(self.object_store.report())

    async def meet_peers(self) -> None:
        """Read how peers prove who they are, before the first of them is answered."""
        if self.peers is not None:
            self._share(self.peers, self._started.config)
            await self.peers.begin()

    async def start(self) -> None:
        """Take the first config and begin to count the stored files. Raises `OSError` and `UpstreamError`."""
        logging.getLogger().addHandler(self._faults)
        self.store.prepare()
        await self.in_force.begin(self._started)
        if self.peers is not None:
            self.background.start("greeting of peers", self.peers.run)
            await self.peers.first_round()
        if self.certificates:
            await self.certificates.look()
            self.background.start(CERTIFICATES, self.certificates.follow, vital=True)
        # To count once more would count twice what was counted before the failure.
        self.background.start("count of what is stored", self.store.count, again=False)
        await asyncio.to_thread(self.auditor.begin, self._started.config)
        await self._take_buckets(self._started.config)
        await self.tracing.take(self._started.config)
        self.background.start("sending of traces", self.tracing.run)
        self.background.start("check of the object store", self.object_store.bucket.follow)
        self.background.start("watch of deleted versions", self._deleted.follow)
        self.background.start("writing to the object store", self.object_store.run)
        self.background.start("imports that were interrupted", self.importer.follow)
        self.background.start("sending of the audit log", self.auditor.send)
        self.background.start("tidying of the cache", self._janitor.run)
        self.background.start("asking of servers that fail", lambda: ask_again(lambda: self.in_force.sources.outages))
        self.background.start("measuring of the event loop", self.resources.lateness.run)
        self.background.start("watch of what the machine gives", self.resources.run)
        self._sync.start(self.background)
        self.background.start("watch of the log", lambda: self.facts.watch_the_log(self.in_force.read_tree_head))
        self.background.start("watch of Secrets", lambda: watch_secrets(lambda: self.in_force.sources.secrets))
        self.background.start("watch of identities", lambda: watch_identities(lambda: self.in_force.identities))
        self.reporter.ready = True

    def follow(self, path: Path) -> None:
        """Take each newer config that comes to be in the file `path`, from now on."""

        async def run() -> None:
            # It begins with what is in force, also after a failure.
            async for news in changes(path, self.in_force.rules.loaded, lambda: self.background.beat(CONFIG)):
                await self.change(news)

        self.background.start(CONFIG, run, vital=True)

    async def change(self, news: Loaded | ConfigError) -> None:
        """Take a newer config, all of it or nothing. The report says why a config was not taken."""
        if not await self.in_force.change(news):
            return
        config = self.config
        if self.certificates and config.tls:
            self.certificates.folder = _tls_folder(config, config.tls)
        self.store.limit = config.cache.size_bytes
        self._janitor.config = config.cache
        self.auditor.change(config)
        await self.tracing.take(config)
        if self.peers is not None:
            self._share(self.peers, config)
            await self.peers.change(config.peers)
        await self._take_buckets(config)
        self.store.grown.set()

    async def _take_buckets(self, config: Config) -> None:
        settings = bucket_settings(config)
        await self.object_store.take(settings)
        await self.depot.take(settings, on=config.hosted is not None)

    def _share(self, peers: Peers, config: Config) -> None:
        """Say how long peers' answers are good, and which files are copies."""
        peers.list_ttl, peers.not_found_ttl = config.cache.list_ttl, config.cache.not_found_ttl

    @property
    def config(self) -> Config:
        """The config in force."""
        return self.in_force.rules.config

    def _report(self) -> Report:
        return self.reporter.report()

    def _outages(self) -> tuple[Outage, ...]:
        return self.in_force.sources.outages.report()

    async def tell_why(self, http: web.BaseRequest) -> web.Response:
        """Answer the keepers of the fleet why somebody may have a module or not."""
        return await self.why.keepers(http, self.in_force.rules)

    async def leave(self) -> None:
        """Turn readiness off, tell the peers, and ask each client to close its connection after its next answer."""
        self.background.end(CONFIG)
        self.reporter.ready = False
        if self.peers is not None:
            await self.peers.say_leaving()
        self.handler.drain()

    async def close(self) -> None:
        """End the tasks and the fetches under way, and close what the replica has open."""
        logging.getLogger().removeHandler(self._faults)
        self.background.close()
        self.facts.close()
        await self._cache.close()
        await self._checks.close()
        await self.importer.close()
        await self.in_force.close()
        await self.auditor.close()
        await self.tracing.close()
        if self.peers is not None:
            await self.peers.close()
        await self._connections.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.store.settle(), _SETTLED_SECONDS)
        await self.object_store.close()
        self.modules.close()
        self.store.close()
        self._hashing.close()


def _tls_folder(config: Config, tls: TlsConfig) -> Path:
    return Path(config.secrets_dir) / tls.secret_name
