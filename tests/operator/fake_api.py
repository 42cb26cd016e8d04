"""A server that answers as an API server does, with whatever a test puts into it: also what no API server lets in."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from goproxy_operator.kube.access import Access
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.credentials import ApiCredentials
from goproxy_operator.kube.tls import TlsMaterial

Object = dict[str, Any]


class FakeApi:
    """An asynchronous context manager. `lists` holds the items of each path, `written` what was sent, in order."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Object]] = {}
        self.written: list[tuple[str, str, Object]] = []
        self._events: dict[str, asyncio.Queue[Object]] = {}
        self._clients: list[ApiClient] = []

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self._credentials = ApiCredentials(f"http://{host}:{port}", TlsMaterial())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for client in self._clients:
            await client.close()
        await self._runner.cleanup()

    def read(self, *, refused: bool) -> ApiCredentials:
        """Log in, as `Login` has it."""
        assert not refused
        return self._credentials

    async def client(self) -> ApiClient:
        """A client of this server."""
        access = Access(self)
        await access.connection()
        self._clients.append(ApiClient(access))
        return self._clients[-1]

    def tell(self, path: str, kind: str, item: Object) -> None:
        """Send an event to whoever watches the path."""
        self._events.setdefault(path, asyncio.Queue()).put_nowait({"type": kind, "object": item})

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.method != "GET":
            body = await request.json()
            self.written.append((request.method, request.path, body))
            body["metadata"] = {"resourceVersion": "1000", **body.get("metadata", {})}
            return web.json_response(body)
        if not {"watch", "limit"} & request.query.keys():
            status = {"kind": "Status", "code": 404, "message": f"{request.path} not found"}
            return web.json_response(status, status=404)
        if "watch" not in request.query:
            return web.json_response({"metadata": {"resourceVersion": "10"}, "items": self.lists.get(request.path, [])})
        response = web.StreamResponse()
        await response.prepare(request)
        events = self._events.setdefault(request.path, asyncio.Queue())
        while True:
            await response.write(json.dumps(await events.get()).encode() + b"\n")
