"""A proxy in front of the API server that counts, and can spoil, the calls of one client. Calls and answers are real.

It speaks plain HTTP on loopback and passes the client's token on.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from tests.kubernetes import control_plane_commands as commands
from tests.kubernetes.control_plane import ControlPlane

WRITES = ("POST", "PUT", "PATCH", "DELETE")
_HOP = {"Transfer-Encoding", "Content-Length", "Connection", "Content-Encoding"}


@dataclass(frozen=True)
class Call:
    """One call of the client. `write` counts the calls that change something, from 1; it is 0 for others.

    `at` is when the call was passed on, by time.monotonic.
    """

    method: str
    path: str
    write: int
    at: float = field(default_factory=time.monotonic, compare=False)

    @property
    def is_lease(self) -> bool:
        return "/leases" in self.path

    @property
    def is_watch(self) -> bool:
        return "watch=1" in self.path or "watch=true" in self.path


Before = Callable[[Call], Awaitable[web.Response | None]]
"""Asked before a call is passed on; an answer is given instead of the API server's."""
After = Callable[[Call], Awaitable[web.Response | None]]
"""Asked when the API server has done what a call says, before the client hears of it."""


Spoil = Callable[[bytes], bytes | None]
"""Told what a watch says next; what it says instead, or None to cut it."""


class LostError(Exception):
    """`Before` or `After` raise it: the connection breaks, and the client gets no answer."""


async def nothing(_call: Call) -> web.Response | None:
    """Let a call be."""
    return None


def refusal(code: int, message: str = "spoilt by the test", headers: dict[str, str] | None = None) -> web.Response:
    """An answer as the API server's, for `Before` and `After`."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
    return web.Response(status=code, text=json.dumps(status), content_type="application/json", headers=headers)


@dataclass
class ApiProxy:
    """An asynchronous context manager: listens while it is entered."""

    plane: ControlPlane
    before: Before = nothing
    after: After = nothing
    spoil: Spoil | None = None
    calls: list[Call] = field(default_factory=list)
    """All calls so far, but those of the Lease."""
    writes: int = 0
    url: str = ""
    _streams: set[asyncio.Task[None]] = field(default_factory=set)
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        self._open.set()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self.plane.tls, limit=0), auto_decompress=False
        )
        application = web.Application(client_max_size=2**24)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._open.set()
        self.cut_watches()
        await self._runner.cleanup()
        await self._session.close()

    def kubeconfig(self, path: Path, token: str) -> Path:
        """Write a kubeconfig that leads here."""
        path.write_text(commands.kubeconfig(self.url, self.plane.ca_file, token))
        return path

    def cut_watches(self) -> None:
        """End every watch there is, in the middle of whatever it says."""
        for stream in self._streams:
            stream.cancel()

    def part(self) -> None:
        """From now on new calls and the events of open watches are held back. Connections stay open."""
        self._open.clear()

    def join(self) -> None:
        """From now on everything passes again."""
        self._open.set()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._pass(request)
        except LostError:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        await self._open.wait()
        path = request.raw_path
        is_write = request.method in WRITES and "/leases" not in path
        self.writes += is_write
        call = Call(request.method, path, self.writes if is_write else 0)
        if not call.is_lease:
            self.calls.append(call)
        if (spoilt := await self.before(call)) is not None:
            return spoilt
        headers = {name: value for name, value in request.headers.items() if name not in ("Host", "Content-Length")}
        async with self._session.request(
            request.method,
            self.plane.url + path,
            data=body or None,
            headers=headers,
            skip_auto_headers=("Content-Type", "Accept", "User-Agent", "Accept-Encoding"),
            timeout=aiohttp.ClientTimeout(total=None),
        ) as answer:
            if call.is_watch:
                return await self._stream(request, answer)
            body = await answer.read()
        await self._open.wait()
        if (spoilt := await self.after(call)) is not None:
            return spoilt
        kept = {name: value for name, value in answer.headers.items() if name not in _HOP - {"Content-Encoding"}}
        return web.Response(status=answer.status, body=body, headers=kept)

    async def _stream(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        kept = {name: value for name, value in answer.headers.items() if name not in _HOP - {"Content-Encoding"}}
        response = web.StreamResponse(status=answer.status, headers=kept)
        await response.prepare(request)

        async def relay() -> None:
            async for chunk in answer.content.iter_any():
                await self._open.wait()
                said = self.spoil(chunk) if self.spoil is not None else chunk
                if said is None:
                    raise ConnectionError("cut")
                await response.write(said)

        task = asyncio.create_task(relay())
        self._streams.add(task)
        try:
            await task
        except (asyncio.CancelledError, ConnectionError, aiohttp.ClientError):
            task.cancel()
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._streams.discard(task)
        return response
