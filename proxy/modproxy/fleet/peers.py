"""The other replicas of the fleet as they are at this moment: found, greeted again and again, and told when we leave.

What an answer means for the membership is in `members`, which is pure. Membership outlives changes of the config.
"""

import asyncio
import logging
import platform
import random
import secrets
import socket
import time
from collections.abc import Callable, Coroutine
from importlib.metadata import version
from typing import NoReturn

import aiohttp
from yarl import URL

from modproxy.contract.address import Address
from modproxy.contract.config import PeersConfig
from modproxy.contract.report import PeersState
from modproxy.fleet.change import CHANGE_PATH, Change, write_change
from modproxy.fleet.counts import PeerCounts
from modproxy.fleet.greeting import (
    GREETING_PATH,
    LEAVING,
    MOST_GREETING_BYTES,
    NAME,
    Greeting,
    GreetingError,
    is_name,
    read_greeting,
)
from modproxy.fleet.members import MOST_ADDRESSES, TOLD_AFTER_SECONDS, Members, Peer, Trouble
from modproxy.fleet.own_token import OwnToken
from modproxy.fleet.proof import Prover
from modproxy.fleet.rendezvous import owned_by_others, owner_of, ranked

GREETING_SECONDS = 1.5
"""How long a greeting may take. A replica that is busy answers within a second, and one that stands still never."""
ROUND_SECONDS = 1.0
"""How often each replica of a small fleet is greeted."""
GREETINGS_A_SECOND = 20
"""How many greetings a replica sends at the most, so that a fleet of hundreds does not greet all day."""
LIST_SECONDS = 3.0
"""How often the name of the fleet is resolved. A headless Service knows of a new pod within a second or so."""
FIRST_SECONDS = 2.0
"""How long the start waits for the first greetings, so that an empty replica asks its peers before upstream."""
_LEAVING_SECONDS = 1.0
"""How long the end waits until the others know of it."""
_TELLING_SECONDS = 2.0
"""How long a change waits until the others know of it."""
_HURRY_SECONDS = 0.2
"""The least time between two rounds of greetings, whoever is heard of."""
_LATE = 0.5
"""Seconds. A time-out that comes later than that shows that this process itself stood still."""
_NO_NAME = "replica"

log = logging.getLogger(__name__)


class Peers:
    """Knows the peers of this replica. `config` is replaced when a newer one is in force.

    `begin` must be called first, inside the event loop.
    """

    def __init__(self, config: PeersConfig, fleet: str) -> None:
        name = config.name or platform.node().lower()
        self.members = Members(name if is_name(name) else _NO_NAME, secrets.token_hex(8), fleet)
        self.token = OwnToken()
        self.prover = Prover(self.token)
        self.counts = PeerCounts()
        self.list_ttl = 0.0
        """How old a list may be that another replica holds, in seconds."""
        self.not_found_ttl = 0.0
        """How long an absence is remembered, in seconds."""
        self._config: PeersConfig | None = config
        self._version = version("goproxy-operator")
        self._session: aiohttp.ClientSession | None = None
        self._greetings: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._heard = asyncio.Event()
        """Is set with each greeting of another replica."""
        self._greeted_by: set[str] = set()
        """The replicas that have greeted this one."""
        self._list_at = 0.0
        self._unresolved: tuple[float, str] | None = None
        """Since when the name of the fleet cannot be resolved, and why."""

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections to other replicas: to no other place, through no HTTP proxy."""
        if self._session is None:
            raise AssertionError("begin comes first")
        return self._session

    async def begin(self) -> None:
        """Take the config of the start, and greet the first peers."""
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60, ttl_dns_cache=1)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            headers={"User-Agent": "modproxy (goproxy-operator)", "Accept-Encoding": "identity"},
        )
        await self.prover.take(self._config)
        await self._look()

    async def first_round(self) -> None:
        """Greet the first peers, and wait a little for their answers."""
        addresses = list(self.members.addresses)
        random.shuffle(addresses)
        if tasks := [self.greet(address) for address in addresses[:GREETINGS_A_SECOND]]:
            await asyncio.wait(tasks, timeout=FIRST_SECONDS)
        # A replica that serves before the others know of it would take itself for an owner, and they would not.
        try:
            async with asyncio.timeout(FIRST_SECONDS):
                while not {peer.name for peer in self.members.live} <= self._greeted_by:
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            log.warning("some peers have not greeted this replica yet, and it begins to serve")

    async def change(self, config: PeersConfig | None) -> None:
        """Take a newer config; None for one without peers: then the replica shares nothing."""
        self._config = config
        self._list_at = 0.0
        await self.prover.take(config)
        await self._look()
        self._wake.set()

    def hello(self) -> Greeting:
        """Return what this replica answers to a greeting."""
        members = self.members
        return Greeting(members.name, members.instance, members.fleet, self._version, leaving=members.leaving)

    def heard_of(self, name: str, *, leaving: bool) -> None:
        """Note that a peer of this name has greeted us: one that is new, or has come back, is greeted at once."""
        now = time.monotonic()
        self._heard.set()
        if not leaving and len(self._greeted_by) < MOST_ADDRESSES:
            self._greeted_by.add(name)
        if leaving:
            self.members.said_to_leave(name, now)
        elif name != self.members.name and self.members.find(name) is None:
            self.members.hurry()
            self._wake.set()

    def headers(self) -> dict[str, str]:
        """Return the headers by which a request proves who sends it."""
        headers = {NAME: self.members.name}
        if self.token.text is not None:
            headers["Authorization"] = f"Bearer {self.token.text}"
        return headers

    def owns(self, subject: str) -> bool:
        """Say whether this replica is the owner of a subject."""
        return owner_of(subject, self.members.owners) in (self.members.name, None)

    def owner(self, subject: str) -> Peer | None:
        """Return the other replica that owns a subject; None where this one does."""
        return self.members.find(owner_of(subject, self.members.owners) or "")

    def others(self, subject: str) -> list[Peer]:
        """Return the other replicas by their scores for a subject: the first ones may have owned it."""
        holders = self.members.holders(time.monotonic())
        return [holders[name] for name in ranked(subject, holders)]

    def is_copy(self) -> Callable[[str], bool] | None:
        """Return what says of a key whether another replica owns the file; None while there are no others."""
        members = self.members
        return owned_by_others(members.name, members.owners) if members.live else None

    async def run(self) -> NoReturn:
        """Greet again and again, without end."""
        while True:
            begun = time.monotonic()
            await self._look()
            addresses = [one for one in self.members.addresses if self.members.may_greet(one, begun)]
            random.shuffle(addresses)  # so that not all replicas of a large fleet greet one of them at the same time
            for address in addresses:
                self.greet(address)
                if len(addresses) > GREETINGS_A_SECOND * ROUND_SECONDS:
                    await asyncio.sleep(1 / GREETINGS_A_SECOND)
            rest = ROUND_SECONDS * random.uniform(0.8, 1.2) - (time.monotonic() - begun)  # noqa: S311 - no secret
            await asyncio.sleep(_HURRY_SECONDS)
            try:
                async with asyncio.timeout(max(0.0, rest - _HURRY_SECONDS)):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()

    def greet(self, address: str) -> "asyncio.Task[None]":
        """Greet an address, unless a greeting is under way there. Raises nothing."""
        task = self._greetings.get(address)
        if task is None:
            task = self._greetings[address] = asyncio.create_task(self._greet(address), name="greeting of a peer")
            task.add_done_callback(lambda _: self._greetings.pop(address, None))
        return task

    async def _greet(self, address: str) -> None:
        begun, members = time.monotonic(), self.members
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                greeting = read_greeting(await self._exchange(address, self.headers()))
        except TimeoutError:
            late = time.monotonic() - begun > GREETING_SECONDS + _LATE
            heard = any(peer.address == address and peer.heard >= begun for peer in members.live)
            if not late and not heard:
                members.failed(address, Trouble.DOWN, time.monotonic())
        except GreetingError:
            members.failed(address, Trouble.NO_REPLICA, time.monotonic())
        except aiohttp.ClientResponseError as e:
            trouble = Trouble.REFUSED if e.status in (401, 403) else Trouble.NO_REPLICA
            members.failed(address, Trouble.DOWN if e.status == 503 else trouble, time.monotonic())
        except (aiohttp.ClientError, OSError, ValueError):
            members.failed(address, Trouble.DOWN, time.monotonic())
        else:
            members.greeted(address, greeting, time.monotonic())

    async def _exchange(self, address: str, headers: dict[str, str]) -> bytes:
        """Return the answer to a greeting. Raises `ClientResponseError` for another status than 200."""
        url = URL(f"http://{address}{GREETING_PATH}", encoded=True)
        async with self.session.get(url, headers=headers, allow_redirects=False) as response:
            if response.status != 200:
                raise aiohttp.ClientResponseError(response.request_info, (), status=response.status)
            body = b""
            while len(body) <= MOST_GREETING_BYTES and (piece := await response.content.readany()):
                body += piece
            return body

    async def say_leaving(self) -> None:
        """Tell all peers that this replica ends soon, so that none of them asks it any more."""
        self.members.leaving = True
        headers = self.headers() | {LEAVING: "true"}

        async def tell(address: str) -> None:
            try:
                await self._exchange(address, headers)
            except (aiohttp.ClientError, OSError, ValueError):
                log.debug("a peer was not told that this replica ends")

        await self._tell_all(tell, _LEAVING_SECONDS)

    async def tell_change(self, change: Change) -> None:
        """Tell all peers that a module has news. Raises nothing: a peer that is not told learns of it later."""
        body, headers = write_change(change), self.headers()

        async def tell(address: str) -> None:
            url = URL(f"http://{address}{CHANGE_PATH}", encoded=True)
            try:
                async with self.session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                    if response.status != 204:
                        log.warning("a peer takes no news of %s: it answers %d", change.path, response.status)
            except (aiohttp.ClientError, OSError, ValueError) as e:
                log.warning("a peer was not told of news of %s: %s", change.path, type(e).__name__)

        await self._tell_all(tell, _TELLING_SECONDS)

    async def _tell_all(self, tell: Callable[[str], Coroutine[None, None, None]], seconds: float) -> None:
        if tasks := [asyncio.create_task(tell(peer.address)) for peer in self.members.live]:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()

    async def _look(self) -> None:
        """Read what may have changed: the token's file, and the list of the fleet."""
        config, now = self._config, time.monotonic()
        if config is None:
            self.members.list_is((), now)
            return
        await self.token.look(config.token_file)
        if config.host is None:
            self.members.list_is(config.addresses, now)
        elif now >= self._list_at:
            self._list_at = now + LIST_SECONDS
            await self._resolve(config.host, config.port)

    async def _resolve(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(LIST_SECONDS):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError) as e:
            why = getattr(e, "strerror", None) or "no name server answers"
            self._unresolved = (self._unresolved[0] if self._unresolved else time.monotonic()), why
            return  # the peers that are known stay: an outage of the name server is none of theirs
        self._unresolved = None
        self.members.list_is((str(Address(str(one[4][0]), port)) for one in found), time.monotonic())

    def report(self) -> PeersState:
        """Return how the replica fares with its peers."""
        members, now = self.members, time.monotonic()
        trouble = self._own_trouble(now) or members.trouble(now)
        failure, remedy, since = trouble if trouble is not None else (None, "", None)
        return PeersState(
            name=members.name[:64],
            seen=tuple(name[:64] for name in members.seen()),
            known=members.known,
            moves=members.moves,
            failure=failure,
            remedy=remedy,
            since=None if since is None else round(time.time() - (now - since), 3),
        )

    def _own_trouble(self, now: float) -> tuple[str, str, float] | None:
        if self._config is None:
            return None
        if self.token.problem is not None:
            return self.token.problem, "peers.tokenFile has to have the token of this replica", now
        if (problem := self.prover.problem) is not None:
            return problem, "check that the operator may read /openid/v1/jwks of the API server", now
        if self._unresolved is not None and now - self._unresolved[0] >= TOLD_AFTER_SECONDS:
            words = f"the name {self._config.host} of the fleet cannot be resolved: {self._unresolved[1]}"
            return words, "look whether the headless Service is there, and whether DNS works", self._unresolved[0]
        return None

    async def close(self) -> None:
        """End the greetings under way, and close the connections."""
        for task in list(self._greetings.values()):
            task.cancel()
        if self._session is not None:
            await self._session.close()
        await self.prover.close()
