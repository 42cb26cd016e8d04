"""The admin listener: probes, the report, the most used modules, metrics. It is apart from the clients' listener, so
that a firewall can keep clients away from it.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST

from modproxy.contract.report import Report
from modproxy.contract.top import DEFAULT_LIMIT, MOST_MODULES, Top
from modproxy.server.decide.refusals import host_name
from modproxy.server.metrics import Metrics


def admin_app(
    report: Callable[[], Report],
    metrics: Metrics,
    top: Callable[[int], Top],
    dead: Callable[[], Sequence[str]],
    hosts: Callable[[], Collection[str]] = tuple,
    *,
    why: Callable[[web.Request], Awaitable[web.Response]] | None = None,
    probe: Callable[[web.Request], Awaitable[web.Response]] | None = None,
) -> web.Application:
    """Build the application that answers `/-/healthz`, `/-/readyz`, `/-/report`, `/-/top`, `/metrics`, `/-/why` and
    `/-/probe`.

    `dead` names the tasks without which this process must not go on: `/-/healthz` answers 503 while there are any.
    `top` returns the modules that are used most, of which there are so many at most.
    `hosts` returns those that a request may be for; nothing for any.
    """

    @web.middleware
    async def check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
        allowed = hosts()
        if allowed and "Host" in request.headers and host_name(request.headers["Host"]) not in allowed:
            return web.Response(status=421, text="this listener is not the host that the request is for\n")
        return await handler(request)

    async def healthz(_: web.Request) -> web.Response:
        if names := dead():
            return web.Response(status=503, text=f"dead: {', '.join(names)}\n")
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        told = report()
        if told.ready:
            return web.Response(text="ready\n")
        return web.Response(status=503, text=f"not ready: {told.config.error or 'starting or shutting down'}\n")

    async def show_report(_: web.Request) -> web.Response:
        return web.Response(text=report().model_dump_json(by_alias=True) + "\n", content_type="application/json")

    async def show_top(request: web.Request) -> web.Response:
        text = request.query.get("limit", str(DEFAULT_LIMIT))
        limit = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MOST_MODULES)) else 0
        if not 1 <= limit <= MOST_MODULES:
            return web.Response(status=400, text=f"limit must be a number from 1 to {MOST_MODULES}\n")
        return web.Response(text=top(limit).model_dump_json(by_alias=True) + "\n", content_type="application/json")

    async def show_metrics(_: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application(middlewares=[check_host])
    app.router.add_get("/-/healthz", healthz)
    app.router.add_get("/-/readyz", readyz)
    app.router.add_get("/-/report", show_report)
    app.router.add_get("/-/top", show_top)
    app.router.add_get("/metrics", show_metrics)
    if why is not None:
        app.router.add_get("/-/why", why)
    if probe is not None:
        app.router.add_get("/-/probe", probe)
    return app
