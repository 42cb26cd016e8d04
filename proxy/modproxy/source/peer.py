"""Other replicas of the fleet in front of a source: the owner of a module is asked before the source is.

The way of a request: a replica that does not own the module asks the owner, and takes its word. Where the owner is
down, busy or not of use, the replica goes on as if it were the owner itself. The owner asks those who may have owned
the module before, for what they hold only, and then the source. A request of another replica takes the owner's way
whoever the owner is, so that no request passes more than one replica.
"""

import hashlib
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

from modproxy.fleet.members import Peer
from modproxy.fleet.rendezvous import subject_of
from modproxy.mod.target import Kind
from modproxy.mod.vouching import CameFrom
from modproxy.request import Request
from modproxy.room import Room
from modproxy.source.checked import Checked
from modproxy.source.lately import Lately
from modproxy.source.peer_client import MOST_HELD, PeerClient, PeerFailed, PeerSays
from modproxy.source.protocol import Fetched, NotHeld, Source, SourceError, Unavailable, Unfit
from modproxy.source.splicing import after

_MOST_OWNERS = 2
"""Owners that are asked for one file: the next one only where the first was found dead."""
_DISTRUST_SECONDS = 600.0
"""How long a replica is not asked again for a file that was not what it has to be."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Way:
    """What was tried for one request."""

    request: Request
    owners: list[str] = field(default_factory=list)
    """The owners that were asked."""
    held: list[Peer] | None = None
    """The replicas that are still to be asked for what they hold; None before the first one."""
    sender: Peer | None = None
    """Who sends the answer; None for the source itself."""


class _Asked:
    """One replica as a source."""

    def __init__(self, client: PeerClient, peer: Peer, seconds: float, *, held: bool) -> None:
        self._client, self._peer, self._seconds, self._held = client, peer, seconds, held

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        async with self._client.ask(self._peer, request, seconds=self._seconds, held=self._held) as fetched:
            yield fetched


class FromPeers:
    """Asks other replicas before `source`. Answers that came from elsewhere than `accepted` says are not taken.

    `seconds` is how long `source` may take to begin an answer.
    """

    def __init__(
        self, source: Source, client: PeerClient, accepted: frozenset[CameFrom], memory: Room, *, seconds: float
    ) -> None:
        self._seconds = seconds
        self._source = source
        self._client = client
        self._peers = client.peers
        self._accepted = accepted
        self._memory = memory
        self._distrusted = Lately[tuple[str, str]](_DISTRUST_SECONDS)
        """Replicas, each with the key of a file that it is not asked for."""

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the first answer. Raises `SourceError`; `NotHeld` where no replica holds it and no fetch is allowed."""
        way = Way(request)
        async with AsyncExitStack() as stack:
            fetched = await self._next(way, stack)
            if way.sender is not None and request.target.kind is Kind.ZIP:
                fetched = replace(fetched, body=self._whole(fetched, way))
            try:
                yield fetched
            except Unfit:
                if way.sender is not None:
                    self._distrust(way.sender, request)
                raise

    async def _next(self, way: Way, stack: AsyncExitStack) -> Fetched:
        """Return the next answer."""
        request, way.sender = way.request, None
        for peer, held in self._steps(way):
            asked = Checked(_Asked(self._client, peer, self._seconds, held=held), None, self._memory)
            try:
                fetched = await stack.enter_async_context(asked.fetch(request))
            except PeerSays as e:
                if held:
                    continue
                raise e.error from None
            except Unavailable as e:
                log.debug("%s", e.reason)
                continue
            old = held and not request.target.immutable and fetched.age > self._peers.list_ttl
            if fetched.voucher in self._accepted and not old:
                way.sender = peer
                return fetched
        if request.cached_only:
            raise NotHeld(f"{request.target}: not held, and the request asks for what is held only")
        return await stack.enter_async_context(self._source.fetch(request))

    def _steps(self, way: Way) -> Iterator[tuple[Peer, bool]]:
        """Yield whom to ask next, and whether for what it holds only. What was asked before is not asked again."""
        request, peers = way.request, self._peers
        subject = subject_of(request.target.key)
        while way.held is None and not request.hop and len(way.owners) < _MOST_OWNERS:
            owner = peers.owner(subject)
            if owner is None or owner.name in way.owners or self._is_distrusted(owner, request):
                break
            way.owners.append(owner.name)
            yield owner, request.cached_only
            if not owner.gone:
                break
        if way.held is None:
            way.held = [
                peer
                for peer in peers.others(subject)
                if peer.name not in (*way.owners, request.asked_by) and not self._is_distrusted(peer, request)
            ][:MOST_HELD]
        while way.held:
            peer = way.held.pop(0)
            if not peer.gone:
                yield peer, True

    async def _whole(self, first: Fetched, way: Way) -> AsyncIterator[bytes]:
        """Yield a zip whole. Where its bytes break off, the next source sends it anew: what readers have is compared.

        Raises `SourceError` where the next source sends something else.
        """
        digest, passed, body = hashlib.sha256(), 0, first.body
        async with AsyncExitStack() as stack:
            while True:
                try:
                    async for piece in body:
                        digest.update(piece)
                        passed += len(piece)
                        yield piece
                    return
                except PeerFailed as e:
                    log.info("the fetch of %s goes on elsewhere: %s", way.request.target, e.reason)
                following = await self._next(way, stack)
                sizes = {size for size in (first.size, following.size) if size is not None}
                # What is kept says `first.voucher` of the file: it may say less than is true, and never more.
                worse = first.keep and not following.keep
                if worse or first.voucher not in (following.voucher, CameFrom.UPSTREAM) or len(sizes) > 1:
                    raise _differs(way.request)
                body = after(following.body, passed, digest.digest(), _differs(way.request))

    def _distrust(self, peer: Peer, request: Request) -> None:
        """Do not ask a replica again for a file that it has sent and that was refused."""
        self._distrusted.note((peer.name, request.target.key))

    def _is_distrusted(self, peer: Peer, request: Request) -> bool:
        return (peer.name, request.target.key) in self._distrusted


def _differs(request: Request) -> SourceError:
    return Unavailable(f"{request.target}: two sources send different files, and the answer is cut short")
