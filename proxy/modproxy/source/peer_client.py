"""Requests to other replicas of the fleet: what is sent, what an answer means, and when a wait is given up.

A replica that is asked may itself wait for a slow upstream, so a long wait proves nothing. Therefore a replica that is
waited for is greeted meanwhile, and a wait ends at once when the replica is found dead: an owner that stands still, or
that cannot be reached any more, holds up no client.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
from yarl import URL

from modproxy.fleet.counts import Direction
from modproxy.fleet.greeting import CACHED_ONLY, HOP, KEEP, ORIGIN, STATUS, VOUCHER, Outcome
from modproxy.fleet.members import Peer, Trouble
from modproxy.fleet.peers import Peers
from modproxy.mod.target import Kind
from modproxy.mod.vouching import came_from
from modproxy.request import Request
from modproxy.source.protocol import Denied, Fetched, Mismatch, NotFound, SourceError, Tier, Unavailable
from modproxy.source.upstream import UNQUOTED, path_below_proxy
from modproxy.tracing.trace import Hop, hop

_LOOK_SECONDS = 1.0
"""How long a replica is waited for before it is greeted."""
_CONNECT_SECONDS = 1.5
"""Replicas are near each other."""
GRACE_SECONDS = 5.0
"""How much longer than its own sources an owner may take to begin an answer."""
_HELD_SECONDS = 5.0
"""How long a replica may take to begin an answer with what it holds, which needs no fetch."""
_STALL_SECONDS = 90.0
"""How long the body of an answer may stand still: thrice as long as an upstream may by default."""
_SMALL_SECONDS = 60.0
"""How long the body of a small answer may take, if it comes slowly."""
_ZIP_SECONDS = 1800.0
"""How long the body of a zip may take: as long as that of an upstream's may."""
_REASON_BYTES = 8000
_REASON_SECONDS = 5.0
_TIERS = {
    Outcome.HIT: Tier.PEER,
    Outcome.STALE: Tier.PEER,
    Outcome.NEGATIVE: Tier.PEER,
    Outcome.PEER: Tier.PEER,
    Outcome.OBJECT_STORE: Tier.PEER,
    Outcome.MISS: Tier.UPSTREAM,
}
MOST_HELD = 3
"""Replicas that are asked for what they hold. A fleet that has just grown may have grown by several replicas."""
T = TypeVar("T")


class PeerFailed(Unavailable):
    """The other replica has no answer: another way has to be taken."""


class PeerSays(SourceError):
    """The other replica says that there is no answer, and its word counts: `error` is what it says."""

    def __init__(self, error: SourceError) -> None:
        super().__init__(error.reason)
        self.error = error


class PeerClient:
    """Asks other replicas."""

    def __init__(self, peers: Peers) -> None:
        self.peers = peers

    @asynccontextmanager
    async def ask(self, peer: Peer, request: Request, *, seconds: float, held: bool) -> AsyncIterator[Fetched]:
        """Yield the answer of a replica, which may take `seconds` to begin it; with `held`, only what it holds.

        Raises `PeerSays` for a word that counts, and `PeerFailed`. Reading the body raises the latter too.
        """
        outcome = "failed"
        try:
            with hop("peer", peer.address) as noted:
                response = await self._first_byte(peer, request, noted, seconds=seconds, held=held)
                if noted is not None:
                    noted.status(response.status)
                    noted.attributes["goproxy.replica"] = peer.name
                    noted.attributes["goproxy.cache_status"] = response.headers.get(STATUS, "")
            try:
                found = outcome_of(response.headers.get(STATUS))
                outcome = found.value if found is not None else outcome
                if found is None or response.status != HTTPStatus.OK or found not in _TIERS:
                    raise error_of(response.status, response.headers, await _reason(response))
                voucher = response.headers.get(VOUCHER, "")
                yield Fetched(
                    self._body(peer, request, response),
                    response.content_length,
                    response.headers.get(ORIGIN) or f"replica {peer.name}",
                    voucher=came_from(voucher),
                    keep=response.headers.get(KEEP) != "false",
                    tier=_TIERS[found],
                    copy=True,
                    age=age_of(response.headers.get("Age")) or 0.0,
                )
            finally:
                response.release()
        finally:
            self.peers.counts.count(Direction.ASKED, outcome)

    async def _first_byte(
        self, peer: Peer, request: Request, noted: Hop | None, *, seconds: float, held: bool
    ) -> aiohttp.ClientResponse:
        headers = self.peers.headers() | {HOP: "1"}
        if request.via:
            headers["Via"] = request.via
        if request.id:
            headers["X-Request-Id"] = request.id
        if trace := noted.traceparent if noted is not None else request.trace:
            headers["traceparent"] = trace
        if held:
            headers[CACHED_ONLY] = "true"
        url = URL(f"http://{peer.address}/{quote(path_below_proxy(request.target), safe=UNQUOTED)}", encoded=True)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
        sending = self.peers.session.get(url, headers=headers, timeout=timeout, allow_redirects=False)
        most = _HELD_SECONDS if held else seconds + GRACE_SECONDS
        try:
            response = await self._while_there(peer, _coroutine(sending), most)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as e:
            raise await self.failed(peer, request, e) from None
        peer.heard = time.monotonic()
        return response

    async def _while_there(self, peer: Peer, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """Wait for an answer of a replica as long as the replica is there. Raises `PeerFailed` and `TimeoutError`."""
        task = asyncio.ensure_future(work)
        until = time.monotonic() + seconds
        try:
            with _told_when_gone(peer, task.cancel):
                while not task.done():
                    await asyncio.wait([task], timeout=_LOOK_SECONDS)
                    if not task.done():
                        if time.monotonic() >= until:
                            raise TimeoutError
                        self.peers.greet(peer.address)
        finally:
            if not task.done():
                task.cancel()
        if task.cancelled():
            raise PeerFailed(f"replica {peer.name} is there no more")
        return task.result()

    async def _body(self, peer: Peer, request: Request, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        content = response.content
        begun = heard = time.monotonic()
        most = _ZIP_SECONDS if request.target.kind is Kind.ZIP else _SMALL_SECONDS

        def gone() -> None:
            content.set_exception(aiohttp.ClientConnectionError("the replica is there no more"))

        try:
            with _told_when_gone(peer, gone):
                while True:
                    now = time.monotonic()
                    if now - begun > most or now - heard > _STALL_SECONDS:
                        raise TimeoutError
                    try:
                        async with asyncio.timeout(_LOOK_SECONDS):
                            piece = await content.readany()
                    except TimeoutError:
                        self.peers.greet(peer.address)
                        continue
                    if not piece:
                        return
                    heard = peer.heard = time.monotonic()
                    yield piece
        except (TimeoutError, aiohttp.ClientError, OSError) as e:
            response.close()
            raise await self.failed(peer, request, e) from None

    async def failed(self, peer: Peer, request: Request, error: Exception) -> PeerFailed:
        """Find out whether a replica that gave no answer is there at all. Returns the error to raise."""
        if isinstance(error, aiohttp.ClientConnectorError):
            self.peers.members.failed(peer.address, Trouble.DOWN, time.monotonic())
        elif not peer.gone:
            await asyncio.shield(self.peers.greet(peer.address))
        return PeerFailed(f"{request.target}: replica {peer.name} did not answer ({type(error).__name__})")


async def _coroutine(sending: Any) -> aiohttp.ClientResponse:
    response: aiohttp.ClientResponse = await sending
    return response


@contextmanager
def _told_when_gone(peer: Peer, call: Callable[[], object]) -> Iterator[None]:
    """Have a function called when a replica is found dead; at once, where it is dead already."""

    def told() -> None:
        call()

    if peer.gone:
        told()
    peer.on_gone.add(told)
    try:
        yield
    finally:
        peer.on_gone.discard(told)


def outcome_of(text: str | None) -> Outcome | None:
    """Read how an answer came about; None for an answer that is none of a replica."""
    try:
        return Outcome(text or "")
    except ValueError:
        return None


def age_of(text: str | None) -> float | None:
    """Read an Age header (RFC 9111, section 5.1). A malformed one counts as absent."""
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else None


def error_of(status: int, headers: Mapping[str, str], reason: str) -> PeerSays | PeerFailed:
    """Return what an answer without a file means: the word of the owner, or that another way has to be taken."""
    outcome = outcome_of(headers.get(STATUS))
    match outcome, status:
        case Outcome.MISMATCH, _:
            return PeerSays(Mismatch(reason, status=HTTPStatus.BAD_GATEWAY))
        case ((Outcome.MISS | Outcome.NEGATIVE), (404 | 410)):
            age = (age_of(headers.get("Age")) or 0.0) if outcome is Outcome.NEGATIVE else None
            return PeerSays(NotFound(reason, status, age=age))
        case Outcome.DENIED, 403:
            return PeerSays(Denied(reason))
        case Outcome.MISS, (502 | 503 | 504):
            return PeerSays(Unavailable(reason, status, headers.get("Retry-After")))
        case (Outcome.NOT_HELD, _):
            return PeerFailed("another replica does not hold it")
        case _:
            return PeerFailed(f"another replica answered {status}")


async def _reason(response: aiohttp.ClientResponse) -> str:
    """Return the beginning of what a replica says of an error."""
    body = b""
    try:
        async with asyncio.timeout(_REASON_SECONDS):
            while len(body) < _REASON_BYTES and (piece := await response.content.readany()):
                body += piece
    except (TimeoutError, aiohttp.ClientError, OSError):
        return "another replica gave no reason"
    return body[:_REASON_BYTES].decode(errors="replace").strip() or "another replica gave no reason"
