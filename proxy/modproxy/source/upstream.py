"""Another module proxy, asked over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from modproxy.mod.chain import redact
from modproxy.mod.target import Kind, Target
from modproxy.source import Denied, Fetched, NotFound, SourceError, Unavailable

_CHUNK = 256 << 10
_REASON_BYTES = 2000
_REASON_LINES = 4
_MOST_REDIRECTS = 10

Count = Callable[[str], None]
"""Told how each request ended: a status code, or the name of an error."""


def open_session() -> aiohttp.ClientSession:
    """Open the client that all upstream requests share: connections are reused, and the process's proxy environment,
    netrc and cookies play no part.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=256, keepalive_timeout=60, ttl_dns_cache=30),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        headers={"User-Agent": "modproxy (goproxy-operator)", "Accept-Encoding": "identity"},
    )


class UpstreamProxy:
    """One module proxy at `url`. `timeout` (seconds) bounds each phase: connecting, the first byte, each read."""

    def __init__(self, session: aiohttp.ClientSession, url: str, timeout: float, via: str, count: Count) -> None:
        self._session = session
        self._url = url
        self._origin = redact(url)
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=timeout, sock_connect=timeout, sock_read=timeout, ceil_threshold=60
        )
        self._via = via
        self._count = count

    @asynccontextmanager
    async def fetch(self, target: Target, via: str = "") -> AsyncIterator[Fetched]:
        """Ask upstream; its status becomes the `SourceError` that keeps its meaning for a go command behind us."""
        hops = f"{via}, {self._via}" if via else self._via
        async with await self._get(target, hops) as response:
            self._count(str(response.status))
            if response.status != 200:
                raise await self._refusal(target, response)
            self._check_framing(target, response)
            yield Fetched(self._body(target, response), _size(response), self._origin)

    async def _get(self, target: Target, hops: str) -> aiohttp.ClientResponse:
        try:
            # yarl would decode and re-encode the `!` of an escaped path; `encoded` sends it as it is.
            url = URL(f"{self._url}/{target.key}", encoded=True)
            return await self._session.get(
                url, headers={"Via": hops}, timeout=self._timeout, max_redirects=_MOST_REDIRECTS
            )
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as e:
            raise self._failure(target, e) from None

    async def _body(self, target: Target, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.content.iter_chunked(_CHUNK):
                yield chunk
        except (TimeoutError, aiohttp.ClientError, OSError) as e:
            raise self._failure(target, e) from None

    def _failure(self, target: Target, error: Exception) -> Unavailable:
        name, words, status = _explain(error)
        self._count(name)
        return Unavailable(f"{target}: upstream {self._origin} {words}", status)

    async def _refusal(self, target: Target, response: aiohttp.ClientResponse) -> SourceError:
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

    def _check_framing(self, target: Target, response: aiohttp.ClientResponse) -> None:
        """Refuse what would pass for whole when it is cut: text that only the connection's end delimits."""
        if response.url.scheme == "http" and any(step.url.scheme == "https" for step in response.history):
            raise Unavailable(f"{target}: upstream {self._origin} redirected from https to plain http")
        framed = (
            response.content_length is not None or "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        )
        if not framed and target.kind in (Kind.MOD, Kind.LIST):
            raise Unavailable(
                f"{target}: upstream {self._origin} sent neither Content-Length nor chunks: nobody could tell whether "
                "the answer is whole"
            )


def _size(response: aiohttp.ClientResponse) -> int | None:
    return None if "Content-Encoding" in response.headers else response.content_length


async def _reason(response: aiohttp.ClientResponse) -> str:
    """Return what upstream says, as far as it is text for people: its first lines."""
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
    """Return the error's name for metrics, words for people, and the status for the client."""
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
