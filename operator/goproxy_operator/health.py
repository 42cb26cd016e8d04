"""The operator's own listener: `/metrics`, and `/healthz`, which answers 503 when a loop or a watch is stuck."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from goproxy_operator.heartbeat import HEARTBEATS
from goproxy_operator.metrics import REGISTRY


@asynccontextmanager
async def serve_health(host: str, port: int) -> AsyncIterator[None]:
    """Listen while the context is open. Raises `OSError` when the address is taken."""
    application = web.Application()
    application.add_routes([web.get("/healthz", _healthz), web.get("/metrics", _metrics)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host or None, port).start()
        yield
    finally:
        await runner.cleanup()


async def _healthz(_: web.Request) -> web.Response:
    if stuck := HEARTBEATS.stuck():
        return web.Response(status=503, text=f"stuck: {', '.join(stuck)}\n")
    return web.Response(text="ok\n")


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})
