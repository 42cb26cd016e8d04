"""How one source is made from the config: of upstreams, version control and the checksum database, with all checks."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from modproxy.bucket.bucket import Bucket
from modproxy.contract.address import Address
from modproxy.contract.config import Config, UpstreamConfig
from modproxy.contract.report import Role
from modproxy.hosted.hosting import Hosting
from modproxy.hosted.mixed import MixedModules
from modproxy.layout import Layout, named_credentials
from modproxy.mod.chain import Entry, EntryKind
from modproxy.mod.pattern import Pattern, parse_pattern
from modproxy.mod.sumdb import Database, database_folder
from modproxy.mod.vouching import CameFrom
from modproxy.room import Room
from modproxy.source.absent import Absent
from modproxy.source.build_parent import parent_proxy
from modproxy.source.build_tiers import Tiers, longest_seconds
from modproxy.source.chain import Chain, Link
from modproxy.source.checked import LARGE_ANSWERS_BYTES, Checked
from modproxy.source.configured import checksum_database, upstream_entries
from modproxy.source.database_server import DatabaseProxy, DatabaseServer
from modproxy.source.depot_lists import DepotLists
from modproxy.source.file_tree import FileTree
from modproxy.source.hosted import Hosted
from modproxy.source.latest import LatestFromList
from modproxy.source.object_store import ObjectStoreTerms
from modproxy.source.outages import Outages
from modproxy.source.peer_client import PeerClient
from modproxy.source.protocol import Source
from modproxy.source.public_only import PublicOnly
from modproxy.source.router import Router
from modproxy.source.shared_database import SharedDatabase
from modproxy.source.sumdb import SumdbSource
from modproxy.source.tiles import DatabaseCache
from modproxy.source.tree_heads import TreeHeads
from modproxy.source.upstream import SMALL_TOTAL, Count, UpstreamClient, UpstreamProxy, path_below_database
from modproxy.source.vcs.direct import Direct, DirectSettings
from modproxy.source.vcs.shared import SharedVersionControl
from modproxy.source.verified import Verified
from modproxy.source.way_out.connections import Connections
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.documents import Documents
from modproxy.source.way_out.hops import Hops, NamedPlaces, named_hosts
from modproxy.source.way_out.machine import this_machine
from modproxy.source.way_out.named_secrets import NamedSecrets
from modproxy.source.way_out.outbound import Outbound
from modproxy.via import ViaEntry

_OFF = "module lookup is disabled by off in upstream.goproxy"
_NO_DATABASE = "no checksum database is served: upstream.gosumdb is off"


@dataclass(frozen=True, slots=True)
class SharedResources:
    """Carries what the sources of all configs of one replica share."""

    connections: Connections
    via: ViaEntry
    """This replica's entry in the Via header."""
    listeners: Sequence[Address]
    """Where this replica listens, by IP address. An upstream with such an address is left out."""
    count: Count
    """Counts how each request to an upstream ended."""
    folder: Path
    """Where sources keep files of their own: certificates, tree heads."""
    version_control: SharedVersionControl
    saw_tree_head: Callable[[str, int], None] = lambda _database, _size: None
    """Is told of each tree head that was verified, with the id of its database and its size."""
    peers: PeerClient | None = None
    """Asks the other replicas of the fleet; None for a replica that shares nothing."""
    bucket: Bucket | None = None
    """The object store; it is asked only where the config names one."""
    mixed: MixedModules | None = None
    """Knows what is published to the fleet; it is asked only where the config has hosted modules."""
    memory: Room = field(default_factory=lambda: Room(lambda: LARGE_ANSWERS_BYTES))
    """The room for all large answers that are held in memory at once."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Carries the source of one config, and what was found out while it was made."""

    source: Source
    """Answers every target."""
    database: Database | None
    """The checksum database that is served; None when the config turns it off."""
    unverified: tuple[Pattern, ...]
    """Modules whose names must not be sent to a checksum database."""
    warnings: tuple[str, ...]
    """Problems of the config, for the keepers of the fleet."""
    outages: Outages
    """The servers that fail."""
    hops: Hops
    """The way to servers that are no upstreams."""
    secrets: NamedSecrets
    """The Secrets that `config.upstream` names, which were looked at."""
    documents: Documents
    """Fetches the documents of OpenID providers, by the same way out."""
    shared_database: SharedDatabase | None = None
    """Gives other replicas answers of the checksum database, which they prove themselves."""
    layout: Layout | None = None
    """The places that the source asks, by name."""


class CacheOfSources(DatabaseCache, ObjectStoreTerms, Protocol):
    """What the sources need to know of the cache and of its rules."""


async def build_sources(
    config: Config, shared: SharedResources, cache: CacheOfSources, others: Sequence[str] = ()
) -> Sources:
    """Make the source that `config.upstream` describes. Raises `UpstreamError`.

    `cache` has the answers of the checksum database for the verification, and `.info` files for version control. The
    cache gets them from the source that is made here. `others` are URLs of servers that the config names and that are
    no upstreams.
    """
    upstream = config.upstream
    secrets = Path(config.secrets_dir)
    credentials = Credentials(upstream.credentials, secrets)
    bundle = shared.folder / "trusted.pem"
    machine = this_machine() if upstream.machine_settings else None
    outbound = Outbound(
        credentials, upstream.http_proxy, upstream.trusted_ca_secret_name, secrets, bundle, machine=machine
    )
    entries, warnings = await upstream_entries(upstream, shared.listeners)
    database = await checksum_database(upstream)
    urls = [*(entry.url for entry in entries), *([database.url] if database else []), *others]
    named = NamedPlaces(
        named_hosts(urls), tuple(map(parse_pattern, upstream.goprivate)), upstream.allow_private_targets
    )
    hops = Hops(shared.connections, outbound, named)
    # The logins for upstreams and repositories are none for OpenID providers, whose documents are public.
    without_logins = Outbound(
        Credentials((), secrets), upstream.http_proxy, upstream.trusted_ca_secret_name, secrets, bundle, machine=machine
    )
    outages, named_secrets = Outages(), NamedSecrets(upstream, secrets)
    await asyncio.to_thread(named_secrets.look)
    client = UpstreamClient(hops, upstream.timeout, shared.via, shared.count, outages)
    not_proxied = tuple(map(parse_pattern, upstream.not_proxied))
    settings = _direct_settings(upstream, credentials, outbound, hops)
    direct = Checked(
        Direct(settings, shared.version_control, cache.read, shared.count, outages),
        CameFrom.VERSION_CONTROL,
        shared.memory,
    )
    public_direct = PublicOnly(direct, hops)
    links = [
        Link(entry.kind, _source(entry, client, public_direct, shared.memory), entry.fall_back_on_error)
        for entry in entries
    ]
    hosted = tuple(map(parse_pattern, config.hosted.modules)) if config.hosted is not None else ()
    unverified = (*map(parse_pattern, upstream.not_verified), *hosted)
    tiers = _tiers(config, shared, cache, outages)
    seconds = longest_seconds(upstream, entries, parent=tiers.parent is not None)
    off = bool(entries) and all(entry.kind is EntryKind.OFF for entry in entries)
    public = tiers.public(Chain(links), seconds, off=off)
    private = tiers.private(direct, upstream.direct_timeout)
    sumdb: Source = Absent(_NO_DATABASE)
    shared_database: SharedDatabase | None = None
    if off and tiers.parent is None and config.hosted is not None and shared.mixed is not None:
        public = LatestFromList(DepotLists(public, shared.mixed.shelf.depot))
    if database is not None:
        sumdb, shared_database = _sumdb(database, entries, client, shared, cache, tiers=tiers, off=off)
        public = Verified(public, database, cache, unverified, ahead=True)
        private = Verified(private, database, cache, unverified, ahead=False)
    source: Source = Router(public, private, sumdb, not_proxied, unverified)
    if config.hosted is not None and shared.mixed is not None:
        source = Hosted(source, shared.mixed, Hosting(hosted), alone=shared.peers is None)
    return Sources(
        source,
        database,
        unverified,
        tuple(warnings),
        outages,
        hops,
        named_secrets,
        Documents(shared.connections, without_logins),
        shared_database,
        Layout(
            tuple(entries),
            not_proxied,
            unverified,
            database,
            config.cache.parent.url if config.cache.parent is not None else "",
            config.cache.object_store.url if config.cache.object_store is not None else "",
            named_credentials(upstream.credentials),
        ),
    )


def _direct_settings(
    upstream: UpstreamConfig, credentials: Credentials, outbound: Outbound, hops: Hops
) -> DirectSettings:
    return DirectSettings(
        timeout=upstream.direct_timeout,
        stall=upstream.timeout,
        goprivate=",".join(upstream.goprivate),
        goinsecure=",".join(upstream.insecure),
        not_proxied=tuple(map(parse_pattern, upstream.not_proxied)),
        credentials=credentials,
        outbound=outbound,
        named_hosts=_hosts_of_version_control(upstream),
        may_contact=hops.may_fetch_directly,
    )


def _tiers(config: Config, shared: SharedResources, terms: ObjectStoreTerms, outages: Outages) -> Tiers:
    """Return what the config lets this replica share with others."""

    def own_token() -> str | None:
        return shared.peers.peers.token.text if shared.peers is not None else None

    parent = parent_proxy(
        config, shared.connections, shared.via, count=shared.count, outages=outages, own_token=own_token
    )
    bucket = shared.bucket
    if config.cache.object_store is None:
        # What was brought into the folder of this replica is found there as in an object store.
        bucket = shared.mixed.shelf.depot.own if config.hosted is not None and shared.mixed is not None else None
    return Tiers(shared.peers, bucket, parent, terms, shared.memory)


def _hosts_of_version_control(upstream: UpstreamConfig) -> frozenset[str]:
    """Return the hosts that the config spells out. What only matches a glob is chosen by clients."""
    patterns = [*upstream.goprivate, *upstream.not_proxied, *(entry.pattern for entry in upstream.credentials)]
    hosts = (pattern.partition("/")[0].partition(":")[0] for pattern in patterns)
    return frozenset(host for host in hosts if not set("*?[\\") & set(host))


def _source(entry: Entry, client: UpstreamClient, direct: Source, memory: Room) -> Source:
    if entry.kind is EntryKind.DIRECT:
        return direct
    if entry.kind is EntryKind.OFF:
        return Absent(_OFF)
    if entry.url.startswith("file:"):
        return Checked(LatestFromList(FileTree(entry.url)), CameFrom.UPSTREAM, memory)
    return Checked(LatestFromList(UpstreamProxy(client, entry.url, entry.login)), CameFrom.UPSTREAM, memory)


def _sumdb(
    database: Database,
    entries: Sequence[Entry],
    client: UpstreamClient,
    shared: SharedResources,
    cache: DatabaseCache,
    *,
    tiers: Tiers,
    off: bool,
) -> tuple[Source, SharedDatabase]:
    proxies = [
        DatabaseProxy(UpstreamProxy(client, entry.url, entry.login, role=Role.DATABASE), entry.fall_back_on_error)
        for entry in entries
        if entry.kind is EntryKind.PROXY and not entry.url.startswith("file:")
    ]
    heads = TreeHeads(shared.folder / "sumdb" / f"{database_folder(database.id)}.latest")
    itself = UpstreamProxy(client, database.url, database.login, path_below_database, role=Role.DATABASE)
    saw = partial(shared.saw_tree_head, database.id)
    seconds = client.timeout * SMALL_TOTAL * (len(proxies) + 2)  # the parent, and the database itself
    server = DatabaseServer(
        database, proxies, itself, tiers.database, tiers.shelf, shelf_first=off and tiers.parent is None
    )
    answers = SharedDatabase(server, shared.peers, seconds)
    return SumdbSource(database, answers, heads, cache, outages=client.outages, saw=saw), answers
