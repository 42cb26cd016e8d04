"""The sockets: how an address of the config becomes a listener, and how the listener serves clients and ends."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from modproxy.contract.address import Address, parse_address
from modproxy.server.connection import ClientServer
from modproxy.server.hit.connection import HitServer
from modproxy.server.hit.memo import HitMemo

_BACKLOG = 2048
_UNSENT_BYTES = 128 << 10
_IDLE_SECONDS = 75.0
"""How long a connection may stay open without a whole request."""
_MOST_HEADER_BYTES = 24 * 1024
"""Bytes of one header line. A token has up to 16 KiB (`identity.authorization`), and a third more as the password of
Basic; aiohttp itself would take 8190.
"""
_LINGERING_SECONDS = 2.0
"""How long the rest of a request's body is read after the answer, because a connection that is closed with unread bytes
is reset, and the client may lose the answer.
"""
_HANDSHAKE_SECONDS = 10.0
"""How long a TLS handshake may take."""
_LAST_ACCEPTED_SECONDS = 0.25
"""How long a connection that was accepted just before the end may take to send its request."""
_CLOSED_SECONDS = 1.0
"""How long the end waits for the sockets to close, after the connections have ended."""

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class ListenError(OSError):
    """The program cannot listen on an address; the message names the config's field, the address and the reason."""


def open_listener(text: str, field: str) -> socket.socket:
    """Open `HOST:PORT`, or take over `fd:N`. Raises `ListenError`, which names `field`, the config's field."""
    if text.startswith("fd:"):
        try:
            return socket.socket(fileno=int(text[3:]))
        except OSError as e:
            raise ListenError(f"{field}: {text}: no socket was handed down under that number: {e.strerror}") from None
    wanted = parse_address(text)
    try:
        family, _, _, _, address = socket.getaddrinfo(
            wanted.host or None, wanted.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        everywhere = not wanted.host and family == socket.AF_INET6
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG, dualstack_ipv6=everywhere)
    except OSError as e:
        raise ListenError(f"{field}: cannot listen on {text}: {e.strerror or e}") from None


def address_of(listener: socket.socket) -> Address:
    """Return the address on which a socket listens."""
    name = listener.getsockname()
    return Address(str(name[0]), int(name[1]))


class ClientListener:
    """Serves clients on one socket, with TLS if there is a context, until the listener is drained."""

    def __init__(
        self, listener: socket.socket, handle: Handle, context: ssl.SSLContext | None, hits: HitMemo | None = None
    ) -> None:
        """`handle` answers each request, except those that `hits` has the answers to."""
        _send_little_ahead(listener)
        self._listener = listener
        self._context = context
        options: dict[str, Any] = {
            "handler_cancellation": True,
            "access_log": None,
            "keepalive_timeout": _IDLE_SECONDS,
            "lingering_time": _LINGERING_SECONDS,
            "max_field_size": _MOST_HEADER_BYTES,
        }
        self._server = ClientServer(handle, **options) if hits is None else HitServer(handle, hits, **options)
        self._accepting: asyncio.Server | None = None

    @property
    def scheme(self) -> str:
        """The scheme of the URLs of this listener: `http` or `https`."""
        return "https" if self._context else "http"

    async def start(self) -> None:
        """Begin to accept clients."""
        self._accepting = await asyncio.get_running_loop().create_server(
            self._server,
            sock=self._listener,
            backlog=_BACKLOG,
            ssl=self._context,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if self._context else None,
        )

    async def drain(self, timeout: float) -> None:
        """Stop accepting clients, and give requests in flight `timeout` seconds to end."""
        if self._accepting is None:
            return
        self._accepting.close()
        await asyncio.sleep(_LAST_ACCEPTED_SECONDS)
        # A connection with a request in flight ends after its answer; a connection without one ends at once.
        self._server.pre_shutdown()
        await self._server.shutdown(timeout)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._accepting.wait_closed(), timeout=_CLOSED_SECONDS)


def _send_little_ahead(listener: socket.socket) -> None:
    """Let the kernel keep little unsent data for each client: a thousand slow readers would fill the memory with it.

    More makes no file arrive at a lower cost, not even those that are sent from the page cache.
    """
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # some systems have no such option
    if option is not None:
        listener.setsockopt(socket.IPPROTO_TCP, option, _UNSENT_BYTES)
