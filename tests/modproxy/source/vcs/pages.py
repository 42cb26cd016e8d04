"""Answers of a web server to the go command's request for a go-import page."""

import asyncio

from aiohttp import web

from tests.modproxy.git_host import Handler


def status(code: int, text: str = "", kind: str = "text/html") -> Handler:
    """Answer with a status code."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=code, text=text, content_type=kind)

    return answer


def go_import(prefix: str, url: str, system: str = "git") -> Handler:
    """Answer with a go-import tag."""
    return status(200, f'<html><head><meta name="go-import" content="{prefix} {system} {url}"></head></html>')


def moved(url: str, code: int = 302) -> Handler:
    """Redirect to another URL."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=code, headers={"Location": url})

    return answer


async def cut(request: web.BaseRequest) -> web.StreamResponse:
    """Break off in the middle of the page."""
    response = web.StreamResponse(headers={"Content-Length": "5000", "Content-Type": "text/html"})
    await response.prepare(request)
    await response.write(b"<html><head>")
    assert request.transport is not None
    request.transport.abort()
    return response


async def reset(request: web.BaseRequest) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def never(request: web.BaseRequest) -> web.StreamResponse:
    """Never answer."""
    await asyncio.sleep(600)
    return web.Response()
