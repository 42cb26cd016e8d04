"""The connections that leave the replica: kept for reuse, limited by host, to addresses that are checked before use."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey

from modproxy.source.way_out.addresses import literal, not_public
from modproxy.source.way_out.timings import Timings
from modproxy.threads import Pool

_OF_ONE_HOST = 256
"""Connections to one host at once. A host that hangs keeps its own requests waiting, and nobody else's."""
_MOST_OF_ONE_HOST = 768
"""Requests to one host at once, with those that wait for a connection: three quarters of the fetches that a replica has
under way at most (`cache.lookup`), so that a host that hangs leaves a quarter for all others.
"""
_RESOLVING_THREADS = 32
"""Names that are resolved at once: a name server that does not answer for one name keeps one thread for seconds."""
_REMEMBERED_SECONDS = 30
"""How long the addresses of a name are remembered."""
_MOST_REMEMBERED = 1000
"""Names of which it is remembered whether they are private: upstreams, and hosts of modules."""


class PrivateAddressError(OSError):
    """A name leads to no address of the public internet, and the request may not leave it."""


class Connections:
    """Has two HTTP clients that share no connection: `any` for every address, `public` for the public internet alone.

    The client connects to the very addresses that were checked, so that a name cannot change between check and use.
    Both clients reuse connections, keep no cookies, and ignore the proxy variables and the netrc file of the process.
    """

    def __init__(self, timings: Timings | None = None) -> None:
        """With `timings`, which is for one request, the steps of the request are noted there."""
        self._threads = Pool("resolve", _RESOLVING_THREADS)
        self._resolver = _Resolver(self._threads, public_only=False)
        self.any = _session(self._resolver, timings)
        self.public = _session(_Resolver(self._threads, public_only=True), timings)
        self._requests: Counter[str] = Counter()
        self._private: dict[str, tuple[float, bool]] = {}
        """Until when it is remembered of a name whether it is private, and whether it is."""

    def enter(self, place: str) -> Callable[[], None] | None:
        """Count a request to a host, and return what ends it; None when the host has too many requests already."""
        if self._requests[place] >= _MOST_OF_ONE_HOST:
            return None
        self._requests[place] += 1
        return partial(self._leave, place)

    def _leave(self, place: str) -> None:
        self._requests[place] -= 1
        if not self._requests[place]:
            del self._requests[place]

    async def is_private(self, host: str) -> bool:
        """Say whether a host is an IP address, or a name of which no address belongs to the public internet."""
        if literal(host) is not None:
            return True
        until, private = self._private.get(host, (0.0, False))
        if time.monotonic() < until:
            return private
        try:
            found = await self._resolver.resolve(host)
        except OSError:
            return False
        private = bool(found) and not any(map(_is_public, found))
        if len(self._private) >= _MOST_REMEMBERED:
            self._private.clear()
        self._private[host] = time.monotonic() + _REMEMBERED_SECONDS, private
        return private

    async def close(self) -> None:
        """Close all connections."""
        await self.any.close()
        await self.public.close()
        await asyncio.to_thread(self._threads.close)


class _Connector(aiohttp.TCPConnector):
    """Keeps connections without their time-out for reads.

    In aiohttp 3.14 the last bytes of a body start that time-out again after the connection was given back. It ends a
    connection that nobody uses, and the next request of that connection is told that upstream did not answer in time.
    """

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        protocol.read_timeout = None
        protocol._drop_timeout()
        super()._release(key, protocol, should_close=should_close)

    def note(self, timings: Timings) -> None:
        """Note when TCP has connected, which aiohttp's traces do not tell apart from TLS."""
        self._factory = partial(timings.connecting(self._factory))


def _session(resolver: AbstractResolver, timings: Timings | None) -> aiohttp.ClientSession:
    connector = _Connector(
        limit=0,
        limit_per_host=_OF_ONE_HOST,
        keepalive_timeout=60,
        ttl_dns_cache=_REMEMBERED_SECONDS,
        resolver=resolver,
    )
    if timings is not None:
        connector.note(timings)
    return aiohttp.ClientSession(
        connector=connector,
        trace_configs=[timings.trace()] if timings is not None else None,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        headers={"User-Agent": "modproxy (goproxy-operator)", "Accept-Encoding": "identity"},
    )


class _Resolver(AbstractResolver):
    """Resolves names in threads of its own, and leaves out addresses that may not be connected to."""

    def __init__(self, threads: Pool, *, public_only: bool) -> None:
        self._threads = threads
        self._public_only = public_only

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._threads.run(_resolve, host, port, family)
        if not self._public_only:
            return found
        public = [result for result in found if _is_public(result)]
        if found and not public:
            raise PrivateAddressError(f"{host} leads to no address of the public internet")
        return public

    async def close(self) -> None:
        """Do nothing: the threads belong to the connections."""


def _is_public(result: ResolveResult) -> bool:
    address = literal(result["host"])
    return address is not None and not_public(address) is None


def _resolve(host: str, port: int, family: int) -> list[ResolveResult]:
    try:
        found: list[Any] = socket.getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
    except UnicodeError as e:
        raise socket.gaierror(socket.EAI_NONAME, "no name of a host") from e
    results = []
    for address_family, _, proto, _, address in found:
        ip = address[0]
        if len(address) == 4 and address[3]:
            ip = f"{ip.partition('%')[0]}%{address[3]}"  # a link-local address is of one interface
        results.append(
            ResolveResult(
                hostname=host, host=ip, port=address[1], family=address_family, proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
        )  # fmt: skip
    return results
