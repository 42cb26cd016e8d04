"""Small documents of servers that the config names: the metadata and the keys of OpenID providers."""

import asyncio
import os

import aiohttp
from yarl import URL

from modproxy.identity.fetching import DocumentError
from modproxy.source.way_out.connections import Connections
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
        except TimeoutError:
            raise DocumentError(f"{url} does not answer in {_SECONDS:.0f} s") from None
        except CredentialError as e:
            raise DocumentError(f"{url} cannot be asked: {e}") from None
        except (aiohttp.ClientError, OSError, ValueError) as e:
            raise DocumentError(f"{url} {_words(e)}") from None


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


def _words(error: Exception) -> str:
    """Say what went wrong, in words that stay the same as long as it does."""
    match error:
        case aiohttp.ClientSSLError():
            return "has a certificate that is not trusted, or speaks no TLS"
        case aiohttp.ClientHttpProxyError():
            return f"cannot be reached: the HTTP proxy answers {error.status}"
        case aiohttp.ClientProxyConnectionError():
            return "cannot be reached: nothing answers at the address of the HTTP proxy"
        case aiohttp.ClientConnectorDNSError():
            return "cannot be reached: the name of its host cannot be resolved"
        case aiohttp.ClientConnectorError():
            reason = os.strerror(error.errno) if error.errno else "the connection failed"
            return f"cannot be reached: {reason}"
        case aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError() | OSError():
            return "closes the connection before its answer ends"
        case _:
            return f"gives no answer that can be read ({type(error).__name__})"
