"""Small documents of servers that the config names: the metadata and the keys of OpenID providers."""

import asyncio

import aiohttp
from yarl import URL

from modproxy.identity.fetching import DocumentError
from modproxy.source.way_out.connections import Connections
from modproxy.source.way_out.failure_words import failure_words
from modproxy.source.way_out.outbound import Outbound
from modproxy.source.way_out.wallet import CredentialError

_SECONDS = 10.0
"""For a whole document. Requests with a token of a new key wait for it."""


class Documents:
    """Fetches documents, also from private addresses: the keepers of the fleet name their servers.

    `outbound` has the HTTP proxy and the trusted certificates, and must have no login for any server.
    """

    def __init__(self, connections: Connections, outbound: Outbound) -> None:
        self._connections = connections
        self._outbound = outbound

    async def __call__(self, url: str, most: int) -> bytes:
        """Return a document of at most `most` bytes. No redirect is followed. Raises `DocumentError`."""
        try:
            options = await self._outbound.options(url)
            async with asyncio.timeout(_SECONDS):
                async with self._connections.any.get(
                    URL(url, encoded=True), allow_redirects=False, **options
                ) as answer:
                    return await _read(answer, most)
        except CredentialError as e:
            raise DocumentError(f"{url} cannot be asked: {e}") from None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as e:
            raise DocumentError(f"{url} {failure_words(e)}") from None


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    url = str(answer.url.with_query(None))
    if 300 <= answer.status < 400:
        raise DocumentError(f"{url} redirects, which is not followed")
    if answer.status != 200:
        raise DocumentError(f"{url} answers {answer.status}")
    body = bytearray()
    async for chunk in answer.content.iter_chunked(16 * 1024):
        body += chunk
        if len(body) > most:
            raise DocumentError(f"{url} answers more than {most} bytes")
    return bytes(body)
