"""A client's connection that answers hits by itself, and hands all other bytes to aiohttp.

A hit is answered only while aiohttp is idle on the connection, and has no part of a request in its parser. aiohttp
counts a file that is sent past it as a request in progress: a drain waits for it, and no idle time runs.
"""

import asyncio
import logging
import socket
import time
from typing import Any

from aiohttp import web

from modproxy.audit.record import Entry, Verdict
from modproxy.identity.principal import ANONYMOUS
from modproxy.request_ids import REQUEST_IDS
from modproxy.server.connection import ClientConnection, ClientServer
from modproxy.server.hit.caller import Asker
from modproxy.server.hit.hit import Hit
from modproxy.server.hit.memo import HitMemo
from modproxy.server.hit.transfer import End, Transfer
from modproxy.server.hit.wire import BEFORE_ID
from modproxy.server.traffic import QUICK_SECONDS

_MOST_HELD_BACK = 64 << 10
"""Bytes that a client may send while a file is on its way to it, before it is read no more."""
_MOST_UNSENT = 1 << 10
"""Bytes that may wait in the transport: after a handshake, the session tickets of TLS wait for the first answer."""
_OK = 200
_CODES = {End.SENT: _OK, End.BROKEN: 499, End.CUT_SHORT: 502}
"""The codes to count, as the handler counts them."""
_END_OF_HEAD = b"\r\n\r\n"

log = logging.getLogger(__name__)


class HitConnection(ClientConnection):
    """Serves one client.

    It leans on private names of aiohttp's `RequestHandler`: `_waiter`, `_request_count`, `_request_in_progress`,
    `_handler_waiter`, `_close`, `_force_close`, `_process_keepalive`, `_keepalive_timeout` and
    `_next_keepalive_close_time`. A test pins them.
    """

    __slots__ = (
        "_asker", "_began", "_client", "_held_back", "_hits", "_idle", "_last_hit", "_request_id", "_sent_hit",
        "_sock", "_transfer",
    )  # fmt: skip

    def __init__(self, manager: web.Server, hits: HitMemo, **options: Any) -> None:
        super().__init__(manager, **options)
        self._hits = hits
        self._idle = True
        """Whether aiohttp's parser is between two requests, as far as is known."""
        self._last_hit = 0.0
        """When the last hit was answered, in seconds since the epoch."""
        self._transfer: Transfer | None = None
        self._sent_hit: Hit | None = None
        self._began = 0.0
        self._client = ""
        """The client's address, once an entry of the audit log needed it."""
        self._asker: Asker | None = None
        """Who gets the file that is on its way."""
        self._request_id = b""
        """The name of the request for it."""
        self._held_back = b""
        """What the client sent while a file is on its way to it."""
        self._sock: socket.socket | None = None
        """The transport's socket, once a file was sent. The transport closes it."""

    def data_received(self, data: bytes) -> None:
        """Answer a hit, or hand the bytes to aiohttp."""
        if self._transfer is not None:
            self._hold_back(data)
            return
        waiter = self._waiter
        if self._idle and (self._is_new() if waiter is None else not waiter.done()):
            hits = self._hits
            hit = hits.find(data)
            transport = self.transport
            # A client that does not take its answers is left to aiohttp, which bounds what is written ahead.
            if hit is not None and transport is not None and transport.get_write_buffer_size() <= _MOST_UNSENT:
                if hit.file is None:
                    request_id = self._id()
                    transport.write(b"%b%b%b" % (BEFORE_ID, request_id, hit.wire))
                    self._last_hit = hits.now
                    seconds = time.time() - hits.now
                    self._count(hit, _OK, seconds)
                    if hits.auditor.on:
                        self._record(hit, hits.asker, request_id, code=_OK, seconds=seconds, sent=hit.size)
                    return
                if self.ssl_context is None and not transport.get_write_buffer_size():
                    self._send_file(hit)
                    return
        self._hand_over(data)

    def _id(self) -> bytes:
        """Return the name of the request that was just found to be a hit: the client's own, or a new one."""
        asker = self._hits.asker
        return (asker.id if asker is not None else None) or REQUEST_IDS.next()

    def _is_new(self) -> bool:
        """Say whether aiohttp has got nothing yet; it begins to wait for a request only after the first may be here."""
        return not (self._request_count or self._close or self._force_close)

    def _hand_over(self, data: bytes) -> None:
        before = self._request_count
        super().data_received(data)
        # After exactly one more head at the end of the bytes, the parser is between two requests, or expects a body;
        # while it expects a body, aiohttp waits for no next request.
        self._idle = self._request_count == before + 1 and data.endswith(_END_OF_HEAD)

    def _send_file(self, hit: Hit) -> None:
        transport, file = self.transport, hit.file
        if transport is None or file is None:
            raise AssertionError("a hit with a file is sent over a connection")
        if self._sock is None:
            raw = transport.get_extra_info("socket")
            self._sock = socket.socket(raw.family, raw.type, raw.proto, fileno=raw.fileno())
        self._request_in_progress = True
        self._began = time.perf_counter()
        self._sent_hit = hit
        self._request_id = self._id()
        self._asker = self._hits.asker
        self._address()
        head = b"%b%b%b" % (BEFORE_ID, self._request_id, hit.wire)
        self._transfer = Transfer(self._loop, self._sock, head, file, self._transfer_ended)
        self._transfer.begin()

    def close(self) -> None:
        """Take no further request. What the client sends is read and dropped while a file is on its way to it, because
        a connection that is closed with unread bytes is reset, and the client may lose the end of the file.
        """
        super().close()
        if len(self._held_back) > _MOST_HELD_BACK and self.transport is not None:
            self.transport.resume_reading()
        self._held_back = b""

    def _hold_back(self, data: bytes) -> None:
        if self._close:
            return
        self._held_back += data
        if len(self._held_back) > _MOST_HELD_BACK and self.transport is not None:
            self.transport.pause_reading()

    def _transfer_ended(self, how: End) -> None:
        transfer, transport = self._transfer, self.transport
        self._account(how)
        if transport is None:
            return
        if how is not End.SENT:
            if how is End.CUT_SHORT and transfer is not None:
                log.warning("the connection of %s is aborted: %s", self.peername, transfer.why)
            transport.abort()
            return
        if self._close or self._force_close:
            transport.close()
            return
        if self._held_back:
            data, self._held_back = self._held_back, b""
            if len(data) > _MOST_HELD_BACK:
                transport.resume_reading()
            self.data_received(data)
        if self._half_closed and self._transfer is None and not self.eof_received():
            transport.close()

    def _count(self, hit: Hit, code: int, seconds: float) -> None:
        """Count an answer from memory."""
        if code == _OK and 0.0 <= seconds <= QUICK_SECONDS:
            quick = hit.quick
            quick.count += 1
            quick.seconds += seconds
            hit.answered += 1
        else:
            self._hits.count(hit, code, max(0.0, seconds))  # the clock may have been set back

    def _record(
        self, hit: Hit, asker: Asker | None, request_id: bytes, *, code: int, seconds: float, sent: int
    ) -> None:
        """Leave an entry in the audit log."""
        principal = asker.caller.principal if asker is not None else ANONYMOUS
        self._hits.auditor.add(
            Entry(
                time.time(), request_id, principal, self._client or self._address(), "read", hit.module, hit.version,
                hit.quick.endpoint, Verdict.ALLOWED, "", code, "hit", sent, max(0.0, seconds), "",
            )
        )  # fmt: skip

    def _address(self) -> str:
        """Return the client's address, which is known only while there is a transport."""
        peer = self.peername
        self._client = peer[0] if isinstance(peer, tuple) else str(peer or "")
        return self._client

    def _account(self, how: End) -> None:
        """Count a transfer that has ended, and let aiohttp go on."""
        transfer, self._transfer = self._transfer, None
        hit, self._sent_hit = self._sent_hit, None
        seconds = time.perf_counter() - self._began
        if hit is not None:
            self._count(hit, _CODES[how], seconds)
            if self._hits.auditor.on:
                sent = transfer.sent if transfer is not None else hit.size
                self._record(hit, self._asker, self._request_id, code=_CODES[how], seconds=seconds, sent=sent)
        self._last_hit = time.time()
        self._request_in_progress = False
        if self._handler_waiter is not None and not self._handler_waiter.done():
            self._handler_waiter.set_result(None)

    def _process_keepalive(self) -> None:
        """Close the connection if it is idle. aiohttp calls this when it knows of no request for long."""
        now = time.time()
        self._last_hit = min(self._last_hit, now)  # the clock may have been set back
        idle = 0.0 if self._transfer is not None else now - self._last_hit
        if idle < self._keepalive_timeout:
            until = self._loop.time() + self._keepalive_timeout - idle
            self._next_keepalive_close_time = max(self._next_keepalive_close_time, until)
        super()._process_keepalive()

    def eof_received(self) -> bool:  # type: ignore[override]  # as in the base class
        """Note that the client sends no more. Returns whether the connection stays open, for answers that are due."""
        if self._transfer is not None:
            self._half_closed = True
            return True
        return super().eof_received()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End all work for the client."""
        if self._transfer is not None:
            self._transfer.stop()
            self._account(End.BROKEN)
        if self._sock is not None:
            self._sock.detach()
            self._sock = None
        super().connection_lost(exc)


class HitServer(ClientServer):
    """Makes the connections of one listener, which answer hits by themselves."""

    def __init__(self, handle: Any, hits: HitMemo, **options: Any) -> None:
        super().__init__(handle, **options)
        self._hits = hits

    def __call__(self) -> ClientConnection:
        """Make a connection for a client that was accepted."""
        return HitConnection(self, self._hits, loop=asyncio.get_running_loop(), **self._kwargs)
