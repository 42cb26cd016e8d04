"""Requests to a fleet, with its errors as sentences."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import quote, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from goproxy_operator.client.arguments import Asking
from goproxy_operator.client.credential import authorization
from goproxy_operator.client.failure import ClientError, UsageError
from modproxy.contract.report_fields import plain_text
from modproxy.mod.login import split_login

_CONNECT_SECONDS = 15.0
_WHOLE_SECONDS = 120.0
"""How long a small answer may take from its first byte to its last: a server may send a byte a minute."""
_CONNECTIONS = 32
_CERTIFICATE_EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL's x509_vfy.h."""
_REASON_BYTES = 8192
_REASON_LINES = 8
_UNQUOTED = "/!@:+-._~"
_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


class Refused(ClientError):
    """The fleet has answered with an error. `status_code` is the HTTP status."""

    def __init__(self, words: str, status_code: int) -> None:
        super().__init__(words)
        self.status_code = status_code


class FleetClient:
    """Asks one fleet. Use it as a context."""

    def __init__(self, asking: Asking) -> None:
        """Raises `ClientError` where the credential cannot be read, or must not be sent."""
        self._asking = asking
        self.url = asking.fleet.url
        """The fleet, without a login."""
        self._headers = {"User-Agent": "goproxy-operator", "Accept-Encoding": "identity"}
        header = authorization(self.url, asking.fleet.login, asking.token_file)
        parts = urlsplit(self.url)
        in_the_clear = parts.scheme == "http" and parts.hostname not in _THIS_MACHINE and not asking.allow_http
        if header is not None and in_the_clear:
            raise UsageError(
                f"{self.url} is not https, and there is a credential for it: write https://, or --allow-http "
                "where something else encrypts the way"
            )
        if header is not None:
            self._headers["Authorization"] = header
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=tls_of(self._asking))
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=self._asking.timeout)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            # With the environment aiohttp would take the netrc file too, and send its logins over plain http.
            trust_env=False,
        )
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def request(
        self, method: str, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None, query: str = ""
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask for a path below the fleet's URL, which is escaped as module paths are. Raises `ClientError`.

        An answer of 400 or more raises `Refused` with the fleet's own words. Reading the answer may raise
        `aiohttp.ClientError` and `TimeoutError`, which become `ClientError` here.
        """
        if self._session is None:
            raise AssertionError("a client is used as a context")
        url = URL(f"{self.url}/{quote(path, safe=_UNQUOTED)}{f'?{query}' if query else ''}", encoded=True)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False, **proxy_for(url)
            ) as response:
                if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                    raise await _refused(self.url, response)
                yield response
        except (aiohttp.ClientError, OSError, TimeoutError) as e:
            plain = isinstance(e, aiohttp.ServerDisconnectedError) and url.scheme == "http"
            hint = ": if the fleet has a certificate, write https://" if plain else ""
            raise ClientError(f"{self.url} gives no answer: {words_of(e)}{hint}") from None

    async def read(
        self,
        path: str,
        largest: int,
        *,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        query: str = "",
    ) -> bytes:
        """Return a small answer of at most `largest` bytes to such a request. Raises `ClientError`."""
        async with self.request(method, path, body=body, headers=headers, query=query) as response:
            answer = bytearray()
            async with asyncio.timeout(_WHOLE_SECONDS):  # `request` tells of it
                async for piece in response.content.iter_any():
                    answer += piece
                    if len(answer) > largest:
                        raise ClientError(f"{self.url}/{path} has more than {largest} bytes, which is the most")
            return bytes(answer)


def proxy_for(url: URL) -> dict[str, Any]:
    """Return the HTTP proxy that the environment names for a URL, as aiohttp wants it."""
    found = "" if proxy_bypass(url.host or "") else getproxies().get(url.scheme, "")
    if not found or url.host in _THIS_MACHINE:
        return {}
    proxy, login = split_login(found)
    return {"proxy": proxy, "proxy_auth": aiohttp.BasicAuth(login.username, login.password) if login else None}


def tls_of(asking: Asking) -> ssl.SSLContext | bool:
    """Return whom a connection trusts, as aiohttp wants it. Raises `UsageError`."""
    if asking.ca_file is None:
        return True
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(asking.ca_file)
    except (OSError, ssl.SSLError) as e:
        words = e.strerror if isinstance(e, OSError) and e.strerror else "it holds no certificates"
        raise UsageError(f"--ca-file {asking.ca_file}: {words}") from None
    return context


async def _refused(url: str, response: aiohttp.ClientResponse) -> Refused:
    if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
        where = plain_text(response.headers.get("Location", "elsewhere"))
        return Refused(f"{url} leads to {where}: write the URL of the fleet itself", response.status)
    text = (await response.content.read(_REASON_BYTES)).decode(errors="replace")
    lines = [plain_text(line) for line in text.strip().split("\n")[:_REASON_LINES]]
    return Refused("\n".join([f"{url} answers {response.status} {plain_text(response.reason or '')}", *lines]),
                   response.status)  # fmt: skip


def words_of(error: Exception) -> str:
    """Return why there is no answer, in words."""
    if isinstance(error, TimeoutError):
        return "it was silent for too long, or too slow"
    cause = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else error
    if isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_code == _CERTIFICATE_EXPIRED:
        return "its certificate has expired: whoever keeps the fleet renews it; check this machine's clock, too"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        reason = plain_text(str(getattr(error.os_error, "reason", "") or "the handshake fails"))
        return f"it speaks no TLS that can be understood ({reason}): if it has no certificate, write http://"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        said = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else str(error)
        return f"its certificate is not trusted ({plain_text(said)}); --ca-file names one that is"
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        return os.strerror(number) if number is not None and number > 0 else plain_text(str(error.os_error))
    return plain_text(str(error) or type(error).__name__)
