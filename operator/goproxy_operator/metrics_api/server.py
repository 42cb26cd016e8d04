"""The metrics API over TLS."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Middleware

from goproxy_operator.desired.names import RATE_METRIC
from goproxy_operator.kube.resources import Key
from goproxy_operator.metrics import EXTERNAL_METRICS_REQUESTS
from goproxy_operator.metrics_api.rules.documents import (
    ROOT,
    Document,
    SelectorError,
    fleet_of,
    resource_list,
    status,
    value_list,
)
from goproxy_operator.metrics_api.rules.front_proxy import refusal
from goproxy_operator.metrics_api.rules.rate import NoDataError
from goproxy_operator.metrics_api.source import RateSource
from goproxy_operator.metrics_api.trust import Trust

_log = logging.getLogger(__name__)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serve_metrics_api(host: str, port: int, trust: Trust, source: RateSource) -> AsyncIterator[None]:
    """Listen while the context is open. `OSError` when the address is taken."""
    application = web.Application(middlewares=[_counted, _front_proxy_only(trust), _in_documents])
    application.add_routes(
        [
            web.get(ROOT, _discovery),
            web.get(f"{ROOT}/", _discovery),
            web.get(f"{ROOT}/namespaces/{{namespace}}/{{metric}}", _metric(source)),
        ]
    )
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host or None, port, ssl_context=trust.context).start()
        yield
    finally:
        await runner.cleanup()


async def _discovery(_: web.Request) -> web.Response:
    return web.json_response(resource_list())


def _metric(source: RateSource) -> _Handler:
    async def metric(request: web.Request) -> web.Response:
        namespace, name = request.match_info["namespace"], request.match_info["metric"]
        if name != RATE_METRIC:
            return _failed(HTTPStatus.NOT_FOUND, f"there is no metric {name!r}: the only one is {RATE_METRIC}")
        try:
            fleet = fleet_of(request.query)
            rate, at = await source.rate(Key(namespace, fleet))
        except SelectorError as e:
            return _failed(HTTPStatus.BAD_REQUEST, str(e))
        except NoDataError as e:
            code = HTTPStatus.SERVICE_UNAVAILABLE if e.exists else HTTPStatus.NOT_FOUND
            return _failed(code, f"{namespace}/{fleet}: {e}")
        return web.json_response(value_list(fleet, rate, at))

    return metric


@web.middleware
async def _counted(request: web.Request, handler: _Handler) -> web.StreamResponse:
    response = await handler(request)
    EXTERNAL_METRICS_REQUESTS.labels(response.status).inc()
    return response


def _front_proxy_only(trust: Trust) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: _Handler) -> web.StreamResponse:
        tls = request.transport.get_extra_info("ssl_object") if request.transport is not None else None
        refused = refusal(trust.names, tls.getpeercert() if tls is not None else None)
        if refused is not None:
            _log.info("%s asked for external metrics: %s", request.remote, refused[1])
            return _failed(*refused)
        return await handler(request)

    return check


@web.middleware
async def _in_documents(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Answer every error with a document: the API server's clients read nothing else."""
    try:
        return await handler(request)
    except web.HTTPException as e:
        return _failed(e.status, f"{request.method} {request.path}: {e.reason}")
    except Exception:
        _log.exception("at %s", request.path)
        return _failed(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of the operator; its log tells more")


def _failed(code: int, message: str) -> web.Response:
    document: Document = status(code, message)
    return web.json_response(document, status=code)
