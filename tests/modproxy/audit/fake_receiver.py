"""A server with a bulk API that can fail in every way: it is away, slow, busy, or refuses some documents."""

import asyncio
import gzip
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web


class FakeReceiver:
    """Keeps documents by their ids, as an index does. Use it as a context manager."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.requests = 0
        self.headers: list[dict[str, str]] = []
        self.status = 200
        """The status of every answer."""
        self.most_bytes = 1 << 30
        """Larger requests are answered with 413."""
        self.item_status: Callable[[dict[str, Any]], int] = lambda _: 201
        self.loses_answers = 0
        """How many answers are not sent, after the documents were kept."""
        self.lets_go = asyncio.Event()
        """Requests wait for it."""
        self.lets_go.set()
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/{index}/_bulk", self._bulk)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> "FakeReceiver":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.lets_go.set()
        await self.stop()

    async def _bulk(self, http: web.Request) -> web.StreamResponse:
        self.requests += 1
        self.headers.append(dict(http.headers))
        raw = await http.read()
        body = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        await self.lets_go.wait()
        if self.status != 200:
            return web.Response(status=self.status, text="no")
        if len(body) > self.most_bytes:
            return web.Response(status=413)
        assert body.endswith(b"\n"), "the bulk request must be terminated by a newline"
        lines = [json.loads(line) for line in body.split(b"\n")[:-1]]
        items = [self._create(op["create"]["_id"], doc) for op, doc in zip(lines[::2], lines[1::2], strict=True)]
        if self.loses_answers:
            self.loses_answers -= 1
            assert http.transport is not None
            http.transport.abort()
        return web.json_response({"errors": any(item["create"]["status"] > 201 for item in items), "items": items})

    def _create(self, name: str, document: dict[str, Any]) -> dict[str, Any]:
        assert "@timestamp" in document
        if name in self.documents:
            return {"create": {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "is"}}}
        status = self.item_status(document)
        if status == 201:
            self.documents[name] = document
            return {"create": {"status": 201}}
        return {"create": {"status": status, "error": {"type": "mapper_parsing_exception", "reason": "bad\nfield"}}}

    async def until(self, number: int, *, seconds: float = 20) -> None:
        """Wait until so many documents are here."""
        async with asyncio.timeout(seconds):
            while len(self.documents) < number:
                await asyncio.sleep(0.02)
