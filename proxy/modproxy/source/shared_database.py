"""The answers of a checksum database, asked for once by the whole fleet. Nothing here is proved.

A replica asks the owner of an answer, which asks the server. Whoever asks proves the answer himself (`source.sumdb`),
so the owner hands on what the server has sent as it is, and remembers it for a while for the replicas that ask next.
No replica proves anything for another one, so no two of them can wait for each other.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple

from modproxy.fleet.members import Peer
from modproxy.fleet.rendezvous import subject_of
from modproxy.mod.sumdb import supported_target
from modproxy.mod.target import Kind
from modproxy.request import Request
from modproxy.source.checked import read_small
from modproxy.source.database_server import LARGEST, DatabaseServer
from modproxy.source.peer_client import MOST_HELD, PeerClient, PeerFailed, PeerSays
from modproxy.source.protocol import Fetched, NotFound, NotHeld, SourceError, Tier, once
from modproxy.source.shared_tasks import SharedTasks

_REMEMBERED_SECONDS = 600.0
"""How long a record or a tile is remembered that was asked for by others. They hold it then, and are asked for it."""
_REMEMBERED_BYTES = 4 << 20
_MOST_REMEMBERED = 2048


class Raw(NamedTuple):
    """An answer that nobody has proved, since when the fleet has it, and how far it had to be fetched."""

    body: bytes
    learnt: float
    """By the clock of `time.monotonic`."""
    tier: Tier


class SharedDatabase:
    """Asks for the answers of one database. Without `client` the server is asked each time."""

    def __init__(self, server: DatabaseServer, client: PeerClient | None, seconds: float = 0.0) -> None:
        """`seconds` is how long the server may take to begin an answer."""
        self._seconds = seconds
        self.server = server
        self._client = client
        self._tasks = SharedTasks[tuple[str, str], Raw]()
        """By key and Via header: requests that have passed other proxies may wait for each other."""
        self._answers: dict[str, tuple[float, Raw | NotFound]] = {}
        """What was asked for lately, and until when it is good."""
        self._bytes = 0
        if client is not None:
            choice = subject_of(supported_target(server.name).key)
            server.ask_fleet = self._choice_of_owner
            server.owns_choice = partial(client.peers.owns, choice)

    @property
    def shared(self) -> bool:
        """Whether there are other replicas to ask."""
        return self._client is not None and bool(self._client.peers.members.live)

    async def ask(self, request: Request, *, anew: bool = False) -> Raw:
        """Return an answer. `anew` says that only the server's own word counts. Raises `SourceError`."""
        if self._client is None:
            return Raw(await self.server.ask(request), time.monotonic(), Tier.UPSTREAM)
        if anew:
            return await self._from_server(request)
        if not request.hop and (owner := self._client.peers.owner(subject_of(request.target.key))) is not None:
            try:
                return await self._from(owner, request, held=False)
            except PeerSays as e:
                raise e.error from None
            except PeerFailed:
                pass  # then this replica asks as if it were the owner
        key = request.target.key, request.via
        return await self._tasks.result(key, partial(self._as_owner, self._client, request))

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield an answer for another replica. Raises `SourceError`; `NotHeld` where no fetch is allowed."""
        if request.target == supported_target(self.server.name):
            words = (await self.server.choice(request.via)).encode()
            yield Fetched(once(words), len(words), "")
            return
        if request.cached_only:
            found = self._remembered(request.target.key)
            if not isinstance(found, Raw):
                raise NotHeld(f"{request.target}: not held")
        else:
            found = await self.ask(request)
        age = time.monotonic() - found.learnt
        yield Fetched(once(found.body), len(found.body), "", tier=found.tier, age=age)

    async def _choice_of_owner(self, via: str) -> str:
        """Ask the owner of the question which server it has chosen; an empty text where there is no other one."""
        question = Request(supported_target(self.server.name), via=via)
        owner = self._client.peers.owner(subject_of(question.target.key)) if self._client is not None else None
        if owner is None:
            return ""
        try:
            return (await self._from(owner, question, held=False)).body.decode("ascii", "replace")
        except (PeerSays, PeerFailed):
            return ""

    async def _as_owner(self, client: PeerClient, request: Request) -> Raw:
        found = self._remembered(request.target.key)
        if isinstance(found, Raw):
            return found._replace(tier=Tier.PEER)
        if found is not None:
            raise NotFound(found.reason, found.status, age=0.0)
        if request.target.immutable:
            for peer in client.peers.others(subject_of(request.target.key))[:MOST_HELD]:
                if peer.name == request.asked_by:
                    continue
                try:
                    raw = await self._from(peer, request, held=True)
                except (PeerSays, PeerFailed):
                    continue
                self._remember(request, raw)
                return raw
        return await self._from_server(request)

    async def _from_server(self, request: Request) -> Raw:
        try:
            raw = Raw(await self.server.ask(request), time.monotonic(), Tier.UPSTREAM)
        except NotFound as e:
            self._remember(request, e)
            raise
        self._remember(request, raw)
        return raw

    async def _from(self, peer: Peer, request: Request, *, held: bool) -> Raw:
        """Ask another replica. Raises `PeerSays` and `PeerFailed`."""
        if self._client is None:
            raise AssertionError("nobody else is asked without a fleet")
        largest = LARGEST[request.target.kind]
        async with self._client.ask(peer, request, seconds=self._seconds, held=held) as fetched:
            body = await read_small(fetched, largest)
            if len(body) > largest:
                raise PeerFailed(f"{request.target}: the answer of {fetched.origin} is too large")
            return Raw(body, time.monotonic() - fetched.age, fetched.tier)

    def _remembered(self, key: str) -> Raw | NotFound | None:
        until, found = self._answers.get(key, (0.0, None))
        return found if until > time.monotonic() else None

    def _remember(self, request: Request, found: Raw | NotFound) -> None:
        if self._client is None:
            return
        peers, target = self._client.peers, request.target
        if isinstance(found, NotFound):
            seconds = peers.not_found_ttl if not request.via else 0.0
        elif target.kind is Kind.TREE:
            seconds = found.learnt + peers.list_ttl - time.monotonic()
        else:
            seconds = _REMEMBERED_SECONDS
        self._forget(target.key)
        if seconds <= 0:
            return
        self._answers[target.key] = time.monotonic() + seconds, found
        self._bytes += _size(found)
        while self._bytes > _REMEMBERED_BYTES or len(self._answers) > _MOST_REMEMBERED:
            self._forget(next(iter(self._answers)))

    def _forget(self, key: str) -> None:
        if (old := self._answers.pop(key, None)) is not None:
            self._bytes -= _size(old[1])


def _size(found: Raw | SourceError) -> int:
    return len(found.body) if isinstance(found, Raw) else 0
