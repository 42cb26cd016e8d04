"""Upstream servers that are asked over HTTP: module proxies and checksum databases."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import aiohttp

from modproxy.contract.report import Role
from modproxy.mod.login import UrlLogin
from modproxy.mod.sumdb import SumdbTarget
from modproxy.mod.target import Kind
from modproxy.quoting import quoted
from modproxy.request import AnyTarget, Request
from modproxy.source.outages import Outages
from modproxy.source.protocol import Denied, Fetched, NoAnswer, NotFound, SourceError, Unavailable
from modproxy.source.watched_server import WatchedServer, explain
from modproxy.source.way_out.hops import Answered, HopError, Hops
from modproxy.source.way_out.wallet import CredentialError
from modproxy.tracing.trace import Hop, hop
from modproxy.via import ViaEntry

_CHUNK = 256 << 10
_REASON_BYTES = 2000
"""How much of an upstream's error is read, of which a line is passed on to clients."""
UNQUOTED = "/!@$&+=:,~()"
"""Characters that stay as they are in a URL's path, besides letters, digits and `-._`."""
SMALL_TOTAL = 4
"""How many times the limit of one phase a small answer may take in all, if it arrives slowly."""
_ZIP_TOTAL = 1800.0
"""How many seconds a zip may take in all: enough for the largest lawful zip at 300 KB/s."""
_CUT_UNSEEN = frozenset([Kind.MOD, Kind.LIST])
"""Answers whose beginning may look like the whole. The form of other answers shows where they end."""

_RETRY_AFTER = re.compile(r"[0-9]{1,6}|[A-Za-z]{3}, [0-9A-Za-z: ]{10,40}", re.ASCII)
"""Seconds or a date (RFC 9110, section 10.2.3)."""

Count = Callable[[str], None]
"""Is called at the end of each request with a status code or the name of an error."""


@dataclass(frozen=True, slots=True)
class UpstreamClient:
    """Carries what all upstreams of one config share."""

    hops: Hops
    timeout: float
    """Seconds that each phase may take: connecting, waiting for the first byte, and each read."""
    via: ViaEntry
    """This replica's entry in the Via header."""
    count: Count
    """Counts how each request ended."""
    outages: Outages = field(default_factory=Outages)
    """Notes which servers fail."""


def path_below_proxy(target: AnyTarget) -> str:
    """Return the path of a target below the URL of a module proxy."""
    return target.url_path if isinstance(target, SumdbTarget) else target.key


def path_below_database(target: AnyTarget) -> str:
    """Return the path of a target below the URL of its checksum database."""
    return target.path if isinstance(target, SumdbTarget) else target.key


class UpstreamProxy:
    """Asks one server, whose `url` has no login in it. `path_of` returns the path of a target below `url`."""

    def __init__(
        self,
        shared: UpstreamClient,
        url: str,
        login: UrlLogin | None = None,
        path_of: Callable[[AnyTarget], str] = path_below_proxy,
        *,
        role: Role = Role.UPSTREAM,
        proof: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`proof` returns headers by which the replica proves who it is."""
        self._shared = shared
        self._proof = proof
        self._role = role
        self._watched = WatchedServer(
            shared.outages, shared.hops, timeout=shared.timeout, url=url, login=login, role=role, proof=proof
        )
        self._path_of = path_of
        self._url = url
        self._sent_url = _in_ascii(url)
        self._login = login
        self._count = shared.count
        self._timeout = _timeout(shared.timeout, total=shared.timeout * SMALL_TOTAL)
        self._zip_timeout = _timeout(shared.timeout, total=_ZIP_TOTAL)

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the answer of the server. Raises the `SourceError` that has the meaning of the server's status."""
        target = request.target
        with hop(self._role.value, self._url) as noted:
            asked = await self._get(request, noted)
            if noted is not None:
                noted.status(asked.response.status)
        with asked as answered:
            response = answered.response
            self._count(str(response.status))
            if response.status != 200:
                raise await self._refusal(request, answered)
            self._check_framing(target, answered)
            yield Fetched(self._body(target, answered), _size(response), self._url)
            self._watched.answered()

    async def _get(self, request: Request, noted: Hop | None) -> Answered:
        target = request.target
        if self._login is not None and not self._url.startswith("https:"):
            raise Unavailable(
                f"{target}: upstream {self._url} is not asked, because its URL has a login and is not https: write "
                "https://, as the go command demands it too"
            )
        headers = {"Via": self._shared.via.appended_to(request.via), **self._proof()}
        if request.id:
            headers["X-Request-Id"] = request.id
        # Nobody else is told anything of a client: the parent is a fleet of the same company.
        if self._role is Role.PARENT and (trace := noted.traceparent if noted is not None else request.trace):
            headers["traceparent"] = trace
        # A version query may have characters that have a meaning in a URL.
        url = f"{self._sent_url}/{quote(self._path_of(target), safe=UNQUOTED)}"
        timeout = self._zip_timeout if target.kind is Kind.ZIP else self._timeout
        try:
            async with asyncio.timeout(self._shared.timeout * SMALL_TOTAL):  # for all hops together
                return await self._shared.hops.get(url, self._login, headers, timeout)
        except TimeoutError as e:
            raise self._failure(target, e, None) from None
        except HopError as e:
            if isinstance(e.cause, CredentialError):
                raise Unavailable(f"{target}: upstream {self._url} cannot be asked: {e.cause}") from None
            raise self._failure(target, e.cause, e.place) from None

    async def _body(self, target: AnyTarget, answered: Answered) -> AsyncIterator[bytes]:
        try:
            async for chunk in answered.response.content.iter_chunked(_CHUNK):
                yield chunk
        except (TimeoutError, aiohttp.ClientError, OSError) as e:
            raise self._failure(target, e, answered.place) from None

    def _named(self, place: str | None) -> str:
        """Name the server that has failed: the upstream, or the host to which it has redirected."""
        return f"upstream {self._url}{f' redirects to {place}, which' if place else ''}"

    def _failure(self, target: AnyTarget, error: Exception, place: str | None) -> Unavailable:
        name, words, status = explain(error)
        self._count(name)
        self._watched.failed(target, error, name, words, place)
        return NoAnswer(f"{target}: {self._named(place)} {words}", status, cause=f"{self._url} {place} {name}")

    async def _refusal(self, request: Request, answered: Answered) -> SourceError:
        target, response, place = request.target, answered.response, answered.place
        status = response.status
        # What a redirect's host says is shown to nobody: a redirect may lead to where the client cannot look.
        said = await _reason(response) if place is None else ""
        words = f"{target}: {self._named(place)} answered {status}{', saying ' + quoted(said) if said else ''}"
        cause = f"{self._url} {place} {status}"
        self._watched.refused(request, status, place, said)
        if status in (404, 410):
            return NotFound(words, status, cause=cause)
        if status == 403:
            return Denied(words, cause=cause)
        retry_after = response.headers.get("Retry-After", "")
        later = retry_after if _RETRY_AFTER.fullmatch(retry_after) else None
        if status in (429, 503):
            return Unavailable(words, 503, later, cause=cause)
        if status in (504, 508):
            return Unavailable(words, status, later, cause=cause)
        return Unavailable(words, cause=cause)

    def _check_framing(self, target: AnyTarget, answered: Answered) -> None:
        """Refuse a text whose end only the connection's end shows."""
        response = answered.response
        framed = (
            response.content_length is not None or "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        )
        if not framed and target.kind in _CUT_UNSEEN:
            raise Unavailable(
                f"{target}: {self._named(answered.place)} sent neither Content-Length nor chunks: nobody could tell "
                "whether the answer is whole"
            )


def _in_ascii(url: str) -> str:
    """Return the URL as it is sent: its host in the form of IDNA, and the rest percent-encoded."""
    if url.isascii():
        return url
    parts = urlsplit(url)
    try:
        place = parts.netloc.encode("idna").decode("ascii")
    except UnicodeError:
        return url  # nobody can look it up, and the resolver says so
    return f"{parts.scheme}://{place}{quote(parts.path, safe='/%' + UNQUOTED)}"


def _timeout(phase: float, total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=max(phase, total), connect=phase, sock_connect=phase, sock_read=phase, ceil_threshold=60
    )


def _size(response: aiohttp.ClientResponse) -> int | None:
    return None if "Content-Encoding" in response.headers else response.content_length


async def _reason(response: aiohttp.ClientResponse) -> str:
    """Return the beginning of an upstream's error, if it is plain text."""
    if response.content_type != "text/plain":
        return ""
    try:
        body = await asyncio.wait_for(response.content.read(_REASON_BYTES), timeout=5)
    except (TimeoutError, aiohttp.ClientError, OSError):
        return ""
    return body.decode(errors="replace").strip()
