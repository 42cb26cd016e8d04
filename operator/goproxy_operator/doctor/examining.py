"""Measures one hop: name, connection, TLS, first byte, whole answer. Each step has a bound."""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from yarl import URL

from goproxy_operator.client.arguments import Asking, FleetUrl
from goproxy_operator.client.fleet_client import proxy_for, tls_of
from goproxy_operator.doctor.certificates import chain_of
from goproxy_operator.doctor.hop import KEPT_HEADERS, SLOW_SECONDS, Fault, Hop
from modproxy.contract.report_fields import plain_text

HOP_SECONDS = 10.0
"""For each step of a hop."""
_HEAD_BYTES = 1 << 16
_SHOWN_LINES = 4
_EXPIRED, _NOT_YET, _WRONG_NAME, _WRONG_ADDRESS = 10, 9, 62, 64
"""Codes of OpenSSL's verification (`X509_V_ERR_...`)."""
_REFUSALS = {
    "TLSV1_UNRECOGNIZED_NAME": Fault.TLS_SERVER_NAME,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": Fault.TLS_CLIENT,
}
"""What servers say when they end a handshake, as OpenSSL names it."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a server is asked."""

    ca_file: Path | None = None
    seconds: float = HOP_SECONDS
    authorization: str | None = None
    slow_after: float = SLOW_SECONDS
    largest: int = 1 << 20
    """Bytes of a body that are read: the rest is left out."""


class _StepError(Exception):
    def __init__(self, fault: Fault, words: str = "", waited: float = 0.0) -> None:
        self.fault, self.words, self.waited = fault, words, waited


async def examine(name: str, url: str, way: Way) -> tuple[Hop, bytes]:
    """Ask for a URL, which is escaped and has no login. Returns what was measured, and the body."""
    hop = Hop(name, url, with_credential=way.authorization is not None, slow_after=way.slow_after)
    asker = _Asker(hop, way)
    body = b""
    try:
        body = await asker.ask()
    except _StepError as e:
        asker.hop = replace(asker.hop, fault=e.fault, words=plain_text(e.words), waited=e.waited)
    finally:
        asker.close()
    return asker.hop, body


class _Asker:
    def __init__(self, hop: Hop, way: Way) -> None:
        self.hop = hop
        self._way = way
        self._begun = time.monotonic()
        self._writer: asyncio.StreamWriter | None = None

    def close(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()

    async def ask(self) -> bytes:
        parts = urlsplit(self.hop.url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        proxy = proxy_for(URL(self.hop.url, encoded=True))
        first = (host, port)
        if proxy:
            at = urlsplit(str(proxy["proxy"]))
            first = (at.hostname or "", at.port or 80)
            self.hop = replace(self.hop, http_proxy=str(proxy["proxy"]))
        self.hop = replace(self.hop, host=first[0])
        reader, writer = await self._connect(*first)
        proxy_login = proxy.get("proxy_auth")
        through = {"Proxy-Authorization": proxy_login.encode()} if proxy_login else {}
        if proxy and parts.scheme == "https":
            await self._tunnel(reader, writer, f"{host}:{port}", through)
        if parts.scheme == "https":
            await self._start_tls(writer, host, port, plain=not proxy)
        own = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = self.hop.url if proxy and parts.scheme == "http" else own
        more = through if proxy and parts.scheme == "http" else {}
        return await self._exchange(reader, writer, target, parts.netloc, more)

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        addresses = await self._resolve(host, port)
        begun, failure = time.monotonic(), _StepError(Fault.UNREACHABLE)
        for address in addresses:
            left = self._way.seconds - (time.monotonic() - begun)
            try:
                async with asyncio.timeout(max(left, 0)):
                    reader, writer = await asyncio.open_connection(address, port, limit=_HEAD_BYTES)
            except TimeoutError:
                raise _StepError(Fault.CONNECT_TIMEOUT, waited=self._way.seconds) from None
            except OSError as e:
                refused = isinstance(e, ConnectionRefusedError)
                words = os.strerror(e.errno) if e.errno else ""
                failure = _StepError(Fault.REFUSED if refused else Fault.UNREACHABLE, words)
                self.hop = replace(self.hop, address=address)
                continue
            self._writer = writer
            self.hop = replace(self.hop, address=address, connect=time.monotonic() - begun)
            return reader, writer
        raise failure

    async def _resolve(self, host: str, port: int) -> list[str]:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._way.seconds):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise _StepError(Fault.NAME, "the name servers do not answer", self._way.seconds) from None
        except (OSError, UnicodeError) as e:
            raise _StepError(Fault.NAME, getattr(e, "strerror", None) or "it is no name of a host") from None
        self.hop = replace(self.hop, dns=time.monotonic() - begun)
        return list(dict.fromkeys(str(one[4][0]) for one in found))

    async def _tunnel(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: str, more: Mapping[str, str]
    ) -> None:
        lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}", *(f"{name}: {value}" for name, value in more.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        status, _ = await self._head(reader)
        if status // 100 != 2:
            raise _StepError(Fault.PROXY, f"it answers {status}")

    async def _start_tls(self, writer: asyncio.StreamWriter, host: str, port: int, *, plain: bool) -> None:
        trusted = tls_of(Asking(FleetUrl(""), ca_file=self._way.ca_file))
        context = ssl.create_default_context() if isinstance(trusted, bool) else trusted
        begun = time.monotonic()
        self.hop = replace(self.hop, server_name=host)
        try:
            async with asyncio.timeout(self._way.seconds):
                await writer.start_tls(context, server_hostname=host)
        except ssl.SSLCertVerificationError as e:
            if plain:
                await self._look_at_chain(host, port)
            fault = {
                _EXPIRED: Fault.TLS_EXPIRED,
                _NOT_YET: Fault.TLS_EXPIRED,
                _WRONG_NAME: Fault.TLS_NAME,
                _WRONG_ADDRESS: Fault.TLS_NAME,
            }.get(e.verify_code, Fault.TLS_AUTHORITY)
            raise _StepError(fault, e.verify_message) from None
        except TimeoutError:
            raise _StepError(Fault.TLS_OTHER, "the handshake does not end", self._way.seconds) from None
        except (ssl.SSLError, OSError) as e:
            reason = getattr(e, "reason", None) or "the connection ends"
            raise _StepError(_REFUSALS.get(reason, Fault.TLS_OTHER), reason) from None
        told = writer.get_extra_info("ssl_object")
        self.hop = replace(
            self.hop,
            tls=time.monotonic() - begun,
            tls_version=told.version() or "",
            chain=chain_of(told),
        )

    async def _look_at_chain(self, host: str, port: int) -> None:
        """Connect once more, and trust anything, to see which certificates are shown. Nothing is sent there."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            async with asyncio.timeout(self._way.seconds):
                _, writer = await asyncio.open_connection(self.hop.address, port, ssl=context, server_hostname=host)
        except (OSError, TimeoutError):
            return
        self.hop = replace(self.hop, chain=chain_of(writer.get_extra_info("ssl_object")))
        writer.transport.abort()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        target: str,
        host: str,
        more: Mapping[str, str],
    ) -> bytes:
        headers = {"Host": host, "User-Agent": "goproxy-operator doctor", "Accept-Encoding": "identity", **more}
        headers["Connection"] = "close"
        if self._way.authorization is not None:
            headers["Authorization"] = self._way.authorization
        # With HTTP/1.0 no server sends chunks, which would have to be put together here.
        lines = [f"GET {target} HTTP/1.0", *(f"{name}: {value}" for name, value in headers.items())]
        begun = time.monotonic()
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace"))
        status, found = await self._head(reader)
        self.hop = replace(self.hop, status=status, headers=found, first_byte=time.monotonic() - begun)
        body = bytearray()
        try:
            async with asyncio.timeout(self._way.seconds):
                while len(body) < self._way.largest and (piece := await reader.read(1 << 16)):
                    body += piece
        except TimeoutError:
            raise _StepError(Fault.BODY_TIMEOUT, waited=self._way.seconds) from None
        except OSError:
            raise _StepError(Fault.BROKEN, "the connection ends within the answer") from None
        length = found.get("content-length", "")
        if length.isdigit() and len(body) < min(int(length[:18]), self._way.largest):
            raise _StepError(Fault.BROKEN, f"the connection ends after {len(body)} of {length} bytes of the answer")
        text = bytes(body[:8192]).decode(errors="replace") if status >= 400 else ""
        shown = "\n".join(plain_text(line) for line in text.strip().split("\n")[:_SHOWN_LINES])
        self.hop = replace(self.hop, total=time.monotonic() - self._begun, body=shown)
        return bytes(body)

    async def _head(self, reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
        try:
            async with asyncio.timeout(self._way.seconds):
                head = await reader.readuntil(b"\r\n\r\n")
        except TimeoutError:
            raise _StepError(Fault.NO_HEAD, waited=self._way.seconds) from None
        except (OSError, asyncio.IncompleteReadError) as e:
            fault = _REFUSALS.get(getattr(e, "reason", None) or "", Fault.BROKEN)  # with TLS 1.3 it may come so late
            raise _StepError(fault, "the connection ends before an answer") from None
        except asyncio.LimitOverrunError:
            raise _StepError(Fault.BROKEN, f"its head has more than {_HEAD_BYTES} bytes") from None
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/") or not (words[1].isascii() and words[1].isdigit()):
            raise _StepError(Fault.BROKEN, "what answers speaks no HTTP")
        found: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon and name.lower() in KEPT_HEADERS:
                shown = value.partition("?")[0] if name.lower() == "location" else value  # a query may have a secret
                found.setdefault(name.lower(), plain_text(shown.strip()))
        return int(words[1]), found
