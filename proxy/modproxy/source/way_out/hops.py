"""Requests that follow redirects. Each hop is decided anew: its proxy, its login, and whether it may be contacted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from modproxy.mod.login import UrlLogin
from modproxy.mod.pattern import Pattern, first_match
from modproxy.source.way_out.addresses import is_this_machine, literal
from modproxy.source.way_out.connections import Connections
from modproxy.source.way_out.outbound import Outbound
from modproxy.source.way_out.redirects import MOST_REDIRECTS, REDIRECTS, RedirectError, follow, place_of

_TO_PRIVATE = (
    "which is no public address: name it in upstream.goprivate, or set upstream.allowPrivateTargets, if that is meant"
)


@dataclass(frozen=True, slots=True)
class NamedPlaces:
    """Says which hosts the config names, so that a redirect may lead to their private addresses.

    `hosts` are the hosts of upstreams, `private` are the patterns of goprivate.
    """

    hosts: frozenset[str] = frozenset()
    private: tuple[Pattern, ...] = ()
    all_allowed: bool = False
    """Whether private addresses may be contacted everywhere (`upstream.allowPrivateTargets`)."""

    def has(self, url: str) -> bool:
        """Say whether the config names the place of a URL."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        place = host + parts.path.rstrip("/")
        return self.all_allowed or host in self.hosts or first_match(self.private, place) is not None


class HostBusyError(Exception):
    """So many requests wait for one host that another one may not join them."""


class HopError(Exception):
    """A request has failed at some hop. `cause` is why, and `place` the host that a redirect led to, if one did."""

    def __init__(self, cause: Exception, place: str | None) -> None:
        super().__init__(place)
        self.cause = cause
        self.place = place


class Answered:
    """Carries an answer that is no redirect, and in `place` the host that gave it, if a redirect led there.

    It is a context manager. Leaving it lets go of the connection.
    """

    def __init__(self, response: aiohttp.ClientResponse, place: str | None, leave: Callable[[], None]) -> None:
        self.response = response
        self.place = place
        self._leave = leave

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.response.release()
        self._leave()


class Hops:
    """Sends GET requests, and follows at most `MOST_REDIRECTS` redirects of each."""

    def __init__(
        self, connections: Connections, outbound: Outbound, named: NamedPlaces, *, redirects: bool = True
    ) -> None:
        """With `redirects` switched off, a redirect is an error: what the headers say is for the first server alone."""
        self._most = MOST_REDIRECTS if redirects else 0
        self._connections = connections
        self._outbound = outbound
        self._named = named

    def over(self, connections: Connections) -> "Hops":
        """Return hops that go the same way over other connections."""
        return Hops(connections, self._outbound, self._named, redirects=self._most > 0)

    async def get(
        self, url: str, login: UrlLogin | None, headers: Mapping[str, str], timeout: aiohttp.ClientTimeout
    ) -> Answered:
        """Return the answer, whose context the caller must enter. `url` has no login in it. Raises `HopError`.

        `timeout` is that of each hop.
        """
        start, place = url, None
        session = self._connections.any
        for number in range(self._most + 1):
            leave = self._connections.enter(place_of(url))
            if leave is None:
                raise HopError(HostBusyError(), place)
            response = None
            try:
                response = await self._send(session, url, login, headers, timeout)
                if response.status not in REDIRECTS:
                    return Answered(response, place, leave)
            except Exception as e:
                raise HopError(e, place) from None
            finally:
                if response is None or response.status in REDIRECTS:
                    leave()
            location = response.headers.get("Location")
            response.release()
            if number == self._most:
                break
            try:
                url, login = follow(url, location)
                place = place_of(url)
                session = await self._session_for(start, url)
            except RedirectError as e:
                raise HopError(e, None) from None
        words = f"redirected more than {self._most} times" if self._most else "redirects, which is not followed here"
        raise HopError(RedirectError(words), None)

    def proxy_of(self, url: str) -> str | None:
        """Return the HTTP proxy through which a URL is asked for, without its login; None without one."""
        proxy = self._outbound.proxies.for_url(url)
        return proxy.url if proxy is not None else None

    async def _send(
        self,
        session: aiohttp.ClientSession,
        url: str,
        login: UrlLogin | None,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        options = await self._outbound.options(url, login)
        options["headers"] |= headers
        # yarl would change what is encoded in the URL, and it is sent as it is.
        return await session.get(URL(url, encoded=True), timeout=timeout, allow_redirects=False, **options)

    async def may_fetch_directly(self, path: str) -> bool:
        """Say whether a module may be fetched from its host: from a public one, or from one that the config names."""
        url = f"https://{path}"
        return self._named.has(url) or not await self._is_private(url)

    async def _session_for(self, start: str, url: str) -> aiohttp.ClientSession:
        """Choose the connections of a redirect's hop. Raises `RedirectError` for a hop that may not be contacted.

        Behind an HTTP proxy only the proxy resolves names, so that only the host itself can be judged.
        """
        host = urlsplit(url).hostname or ""
        if self._named.has(url) or await self._is_private(start):
            return self._connections.any
        if literal(host) is not None or is_this_machine(host):
            raise RedirectError(f"redirected to {place_of(url)}, {_TO_PRIVATE}")
        proxied = self._outbound.proxies.for_url(url) is not None
        return self._connections.any if proxied else self._connections.public

    async def _is_private(self, url: str) -> bool:
        host = urlsplit(url).hostname or ""
        if self._outbound.proxies.for_url(url) is not None:
            return literal(host) is not None
        return await self._connections.is_private(host)


def named_hosts(urls: Sequence[str]) -> frozenset[str]:
    """Return the hosts of URLs, for `NamedPlaces`."""
    return frozenset(host for url in urls if (host := urlsplit(url).hostname))


TO_PRIVATE = f"leads to no address of the public internet, {_TO_PRIVATE}"
