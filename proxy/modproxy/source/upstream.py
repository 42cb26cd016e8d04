"""Upstream servers that are asked over HTTP: module proxies and checksum databases."""

import asyncio
import operator
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp
from yarl import URL

from modproxy.mod.chain import redact
from modproxy.mod.target import Kind
from modproxy.request import AnyTarget, Request
from modproxy.source.protocol import Denied, Fetched, NotFound, SourceError, Unavailable
from modproxy.source.way_out.outbound import Outbound
from modproxy.source.way_out.wallet import CredentialError
from modproxy.via import ViaEntry

_CHUNK = 256 << 10
_REASON_BYTES = 2000
_REASON_LINES = 4
"""How much of an upstream's error is passed on to clients."""
_MOST_REDIRECTS = 10
_UNQUOTED = "/!@$&+=:,~()"
"""Characters that stay as they are in a URL's path, besides letters, digits and `-._`."""
_SMALL_TOTAL = 4
"""How many times the limit of one phase a small answer may take in all, if it arrives slowly."""
_ZIP_TOTAL = 1800.0
"""How many seconds a zip may take in all: enough for the largest lawful zip at 300 KB/s."""
_CUT_UNSEEN = frozenset([Kind.MOD, Kind.LIST])
"""Answers whose beginning may look like the whole. The form of other answers shows where they end."""

Count = Callable[[str], None]
"""Is called at the end of each request with a status code or the name of an error."""


def open_session() -> aiohttp.ClientSession:
    """Open the HTTP client that all upstream requests share. It reuses connections, keeps no cookies, and ignores the
    proxy variables and the netrc file of the process.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=256, keepalive_timeout=60, ttl_dns_cache=30),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        headers={"User-Agent": "modproxy (goproxy-operator)", "Accept-Encoding": "identity"},
    )


@dataclass(frozen=True, slots=True)
class UpstreamClient:
    """Carries what all upstreams of one config share."""

    session: aiohttp.ClientSession
    outbound: Outbound
    timeout: float
    """Seconds that each phase may take: connecting, waiting for the first byte, and each read."""
    via: ViaEntry
    """This replica's entry in the Via header."""
    count: Count
    """Counts how each request ended."""


class UpstreamProxy:
    """Asks one server.

    `path_of` returns the path of a target below `url`; for a module proxy the path is the target's key.
    """

    def __init__(
        self,
        shared: UpstreamClient,
        url: str,
        path_of: Callable[[AnyTarget], str] = operator.attrgetter("key"),
    ) -> None:
        self._shared = shared
        self._path_of = path_of
        self._credential_url = url
        self._url = self._origin = redact(url)
        self._count = shared.count
        self._timeout = _timeout(shared.timeout, total=shared.timeout * _SMALL_TOTAL)
        self._zip_timeout = _timeout(shared.timeout, total=_ZIP_TOTAL)

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the answer of the server. Raises the `SourceError` that has the meaning of the server's status."""
        target = request.target
        async with await self._get(request) as response:
            self._count(str(response.status))
            if response.status != 200:
                raise await self._refusal(target, response)
            self._check_framing(target, response)
            yield Fetched(self._body(target, response), _size(response), self._origin)

    async def _get(self, request: Request) -> aiohttp.ClientResponse:
        target = request.target
        headers = {"Via": self._shared.via.appended_to(request.via)}
        try:
            # yarl would encode the `!` of an escaped path, so the path is quoted here. A version query may have
            # characters that have a meaning in a URL.
            url = URL(f"{self._url}/{quote(self._path_of(target), safe=_UNQUOTED)}", encoded=True)
            timeout = self._zip_timeout if target.kind is Kind.ZIP else self._timeout
            options = await self._shared.outbound.options(self._credential_url)
            return await self._shared.session.get(
                url, headers=headers, timeout=timeout, max_redirects=_MOST_REDIRECTS, **options
            )
        except CredentialError as e:
            raise Unavailable(f"{target}: upstream {self._origin} cannot be asked: {e}") from None
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as e:
            raise self._failure(target, e) from None

    async def _body(self, target: AnyTarget, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.content.iter_chunked(_CHUNK):
                yield chunk
        except (TimeoutError, aiohttp.ClientError, OSError) as e:
            raise self._failure(target, e) from None

    def _failure(self, target: AnyTarget, error: Exception) -> Unavailable:
        name, words, status = _explain(error)
        self._count(name)
        return Unavailable(f"{target}: upstream {self._origin} {words}", status)

    async def _refusal(self, target: AnyTarget, response: aiohttp.ClientResponse) -> SourceError:
        status = response.status
        said = await _reason(response)
        words = f"{target}: upstream {self._origin} answered {status}{': ' + said if said else ''}"
        if status in (404, 410):
            return NotFound(words, status)
        if status == 403:
            return Denied(words)
        if status == 429:
            return Unavailable(words, 503, response.headers.get("Retry-After"))
        if status in (503, 504, 508):
            return Unavailable(words, status, response.headers.get("Retry-After"))
        return Unavailable(words)

    def _check_framing(self, target: AnyTarget, response: aiohttp.ClientResponse) -> None:
        """Refuse plain http after https, and a text whose end only the connection's end shows."""
        if response.url.scheme == "http" and any(step.url.scheme == "https" for step in response.history):
            raise Unavailable(f"{target}: upstream {self._origin} redirected from https to plain http")
        framed = (
            response.content_length is not None or "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        )
        if not framed and target.kind in _CUT_UNSEEN:
            raise Unavailable(
                f"{target}: upstream {self._origin} sent neither Content-Length nor chunks: nobody could tell whether "
                "the answer is whole"
            )


def _timeout(phase: float, total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=max(phase, total), connect=phase, sock_connect=phase, sock_read=phase, ceil_threshold=60
    )


def _size(response: aiohttp.ClientResponse) -> int | None:
    return None if "Content-Encoding" in response.headers else response.content_length


async def _reason(response: aiohttp.ClientResponse) -> str:
    """Return the first lines of an upstream's error, if it is plain text."""
    if response.content_type != "text/plain":
        return ""
    try:
        body = await asyncio.wait_for(response.content.read(_REASON_BYTES), timeout=5)
    except (TimeoutError, aiohttp.ClientError, OSError):
        return ""
    lines = body.decode(errors="replace").strip().splitlines()
    text = "\n".join(lines[:_REASON_LINES])
    return "".join(c for c in text if c.isprintable() or c == "\n")


def _explain(error: Exception) -> tuple[str, str, int]:
    """Return the name of the error for metrics, words for people, and the status for the client."""
    match error:
        case TimeoutError():
            return "timeout", "did not answer in time", 504
        case aiohttp.TooManyRedirects():
            return "redirects", f"redirected more than {_MOST_REDIRECTS} times", 502
        case aiohttp.ClientConnectorDNSError():
            return "dns", "could not be resolved", 502
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "tls", f"has no TLS that we trust: {error}", 502
        case aiohttp.ClientConnectorError():
            return "connect", f"could not be reached: {error.os_error.strerror or error.os_error}", 502
        case aiohttp.ClientPayloadError():
            return "cut", "cut its answer short", 502
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return "reset", "closed the connection before it answered", 502
        case aiohttp.InvalidURL() | ValueError():
            return "url", "sent a URL that is none", 502
        case _:
            return "protocol", f"sent no proper HTTP answer ({type(error).__name__})", 502
