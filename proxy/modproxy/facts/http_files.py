"""The files below a URL of a vulnerability database, asked for over HTTP as upstreams are."""

from collections.abc import Callable

import aiohttp

from modproxy.facts.database_files import DatabaseFaultError, Get
from modproxy.source.watched_server import explain
from modproxy.source.way_out.hops import HopError, Hops

_ABSENT = (404, 410)
_WHOLE_SECONDS = 600.0
"""How long one file may take in all: the whole database has some 10 MB."""


def over_http(hops: Hops, timeout: float, count: Callable[[str], None]) -> Callable[[str], Get]:
    """Return what makes the way to the files below a URL. `timeout` is that of each phase, in seconds."""
    limits = aiohttp.ClientTimeout(total=_WHOLE_SECONDS, connect=timeout, sock_connect=timeout, sock_read=timeout)

    def below(url: str) -> Get:
        async def get(name: str, largest: int) -> bytes | None:
            try:
                with await hops.get(f"{url}/{name}", None, {}, limits) as answered:
                    return await _body(answered.response, name, largest)
            except HopError as e:
                raise DatabaseFaultError(explain(e.cause)[1]) from None
            except (TimeoutError, aiohttp.ClientError, OSError) as e:
                raise DatabaseFaultError(explain(e)[1]) from None

        return get

    async def _body(response: aiohttp.ClientResponse, name: str, largest: int) -> bytes | None:
        count(str(response.status))
        if response.status in _ABSENT:
            return None
        if response.status != 200:
            raise DatabaseFaultError(f"answered {response.status} for {name}")
        body = bytearray()
        async for piece in response.content.iter_chunked(256 << 10):
            body += piece
            if len(body) > largest:
                raise DatabaseFaultError(f"has a {name} of more than {largest} bytes")
        return bytes(body)

    return below
