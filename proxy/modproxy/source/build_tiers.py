"""What a fleet shares, put in front of the sources of one config: the order in which the tiers are asked is here."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from modproxy.bucket.bucket import Bucket
from modproxy.contract.config import UpstreamConfig
from modproxy.mod.chain import Entry, EntryKind
from modproxy.mod.vouching import CameFrom
from modproxy.room import Room
from modproxy.source.checked import Checked
from modproxy.source.object_store import DatabaseShelf, ObjectStoreSource, ObjectStoreTerms
from modproxy.source.parent import ParentFirst, ParentState
from modproxy.source.peer import FromPeers
from modproxy.source.peer_client import PeerClient
from modproxy.source.protocol import Source
from modproxy.source.upstream import SMALL_TOTAL, UpstreamProxy

_PUBLIC_FROM_PEERS = frozenset([CameFrom.UPSTREAM, CameFrom.PARENT, CameFrom.VERSION_CONTROL, CameFrom.BUNDLE])
"""Where the files of public modules come from that other replicas send. They are verified like those of upstreams.
Each replica reads published modules from the depot itself.
"""
_PRIVATE_FROM_PEERS = frozenset([CameFrom.VERSION_CONTROL, CameFrom.BUNDLE])


@dataclass(frozen=True, slots=True)
class Tiers:
    """Puts in front of a source what is asked before it: peers, then the object store, then the parent."""

    peers: PeerClient | None
    """Asks the other replicas of the fleet: the owner, or those that may hold what the owner lacks."""
    bucket: Bucket | None
    """The object store; None where the config names none."""
    parent: UpstreamProxy | None
    """The parent, which is asked about public modules and about the checksum database only."""
    terms: ObjectStoreTerms
    memory: Room
    parent_state: ParentState = field(default_factory=ParentState)

    def public(self, upstreams: Source, seconds: float, *, off: bool) -> Source:
        """Return the source of public modules. `upstreams` and the parent begin an answer within `seconds`.

        Where the upstreams are `off`, the parent has the last word: its outage must not be told as an absence.
        """
        source = upstreams
        if self.parent is not None:
            parent = Checked(self.parent, CameFrom.PARENT, self.memory)
            source = parent if off else ParentFirst(parent, upstreams, self.parent_state)
        return self._shared(source, _PUBLIC_FROM_PEERS, seconds)

    def private(self, version_control: Source, seconds: float) -> Source:
        """Return the source of private modules, whose names no parent learns."""
        return self._shared(version_control, _PRIVATE_FROM_PEERS, seconds)

    def database(self, server: Source) -> Source:
        """Return the source of the checksum database's answers, which `SharedDatabase` shares with peers.

        The answers of the parent are proved like those of `server`.
        """
        return server if self.parent is None else ParentFirst(self.parent, server, self.parent_state)

    @property
    def shelf(self) -> DatabaseShelf | None:
        """What the object store has of the checksum database."""
        return None if self.bucket is None else DatabaseShelf(self.bucket)

    def _shared(self, source: Source, accepted: frozenset[CameFrom], seconds: float) -> Source:
        if self.bucket is not None:
            source = ObjectStoreSource(source, self.bucket, self.terms, self.memory)
        if self.peers is not None:
            source = FromPeers(source, self.peers, accepted, self.memory, seconds=seconds)
        return source


def longest_seconds(upstream: UpstreamConfig, entries: Sequence[Entry], *, parent: bool) -> float:
    """Return within how many seconds a fetch of a public module begins an answer, or has failed at all servers."""
    servers = (len(entries) + parent) * upstream.timeout * SMALL_TOTAL
    direct = any(entry.kind is EntryKind.DIRECT for entry in entries)
    return servers + (upstream.direct_timeout if direct else 0.0)
