"""A client's connection: half-closed clients get their answers, and clients that have left are noticed.

A client that has sent its requests may close its side of the connection and wait for the answers (RFC 9112, section
9.6). The kernel tells the same of a client that has left. Only writing shows the difference: while such a client waits,
a few interim responses are sent to it, which a client must expect at any time (RFC 9110, section 15.2). The machine of
a client that has left resets the connection.
"""

import asyncio
from itertools import pairwise
from typing import Any

from aiohttp import HttpVersion11, web
from aiohttp.http_writer import StreamWriter

STALLED_SECONDS = 120.0
"""How long a client may take nothing of a response before its connection is aborted."""
_PROBES = (0.0, 1.0, 2.0, 7.0, 37.0)
"""Seconds after the client closed its side: at each but the first, an interim response is sent."""
_INTERIM = b"HTTP/1.1 102 Processing\r\n\r\n"
_UNREADABLE = "the request cannot be read: it is not as RFC 9112 wants it, or its line or a header is too long\n"


class ClientConnection(web.RequestHandler):
    """Serves one client. The base class closes the connection at once when the client has closed its side."""

    __slots__ = ("_answered", "_half_closed", "_probing")

    def __init__(self, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self._answered = 0
        """How many requests have been answered to their end."""
        self._half_closed = False
        self._probing: asyncio.Task[None] | None = None

    def eof_received(self) -> bool:  # type: ignore[override]  # the base class keeps nothing open, so it returns None
        """Note that the client sends no more. Returns whether the connection stays open, for answers that are due."""
        if self._answered >= self._request_count or self.ssl_context is not None:
            return False
        self._half_closed = True
        request = self._current_request
        if request is not None and not request.content.is_eof():
            # What is missing of the body never comes: whoever reads it need not wait.
            request.content.set_exception(web.RequestPayloadError("the client has closed its side"))
        self._probing = asyncio.create_task(self._probe())
        return True

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the end of a response. After the last one the connection of a half-closed client is closed."""
        finished = await super().finish_response(request, resp, start_time)
        self._answered += 1
        if self._half_closed and self._answered >= self._request_count:
            resp.force_close()
        return finished

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that cannot be read. The base class would quote it, and with it credentials and queries."""
        return super().handle_error(request, status, exc, message if message is None else _UNREADABLE)

    async def _probe(self) -> None:
        for before, at in pairwise(_PROBES):
            await asyncio.sleep(at - before)
            request = self._current_request
            if self.transport is None or request is None:
                return
            if request.version < HttpVersion11 or _has_begun(request):
                return  # HTTP/1.0 knows no interim responses, and an answer under way shows who has left
            self.transport.write(_INTERIM)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End all work for the client."""
        if self._probing is not None:
            self._probing.cancel()
        super().connection_lost(exc)


def _has_begun(request: web.BaseRequest) -> bool:
    writer = request.writer
    return not isinstance(writer, StreamWriter) or writer.output_size > 0


class ClientServer(web.Server):
    """Makes the connections of one listener. The handler of a client that has left is cancelled."""

    def __call__(self) -> ClientConnection:
        """Make a connection for a client that was accepted."""
        return ClientConnection(self, loop=self._loop, **self._kwargs)
