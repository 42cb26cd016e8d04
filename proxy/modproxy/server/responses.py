"""Answers and errors of the layers below as HTTP responses: headers, conditional and range requests, bodies."""

import asyncio
import hashlib
from http import HTTPStatus
from typing import BinaryIO

from aiohttp import ETag, web
from multidict import CIMultiDict

from modproxy.cache import Answer, Outcome
from modproxy.flight import CutShort, Follower
from modproxy.mod.target import Kind
from modproxy.source import SourceError, Unavailable, Wanted
from modproxy.store.disk import Held

CONTENT_TYPES = {
    Kind.INFO: "application/json",
    Kind.QUERY: "application/json",
    Kind.LATEST: "application/json",
    Kind.MOD: "text/plain; charset=utf-8",
    Kind.LIST: "text/plain; charset=utf-8",
    Kind.ZIP: "application/zip",
    Kind.LOOKUP: "text/plain; charset=utf-8",
    Kind.TREE: "text/plain; charset=utf-8",
    Kind.TILE: "application/octet-stream",
}
SERVER = "modproxy"
_CHUNK = 128 << 10
_STALLED_SECONDS = 120.0
_ERROR_LINES = 8
"""The go command prints no more of an error's body."""


def say(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    """Answer with a reason for people: plain text of at most eight lines."""
    text = "\n".join(reason.strip().splitlines()[:_ERROR_LINES]) + "\n"
    return web.Response(
        status=status, text=text, headers={"Server": SERVER, "Cache-Control": "no-store", **(headers or {})}
    )


def failure(error: SourceError) -> web.Response:
    """Answer with what a source raised: its status keeps its meaning for the go command."""
    phrase = {404: "not found", 410: "not found", 403: "forbidden"}.get(error.status, "upstream trouble")
    headers = {"Retry-After": error.retry_after} if isinstance(error, Unavailable) and error.retry_after else None
    return say(error.status, f"{phrase}: {error.reason}", headers)


async def respond(request: web.BaseRequest, target: Wanted, answer: Answer) -> web.StreamResponse:
    """Send an answer. Raises `FileNotFoundError` when a held file has gone meanwhile: nothing has been sent then."""
    if answer.follower is not None and request.method == "GET":
        return await _stream(request, target, answer, answer.follower)
    headers = _headers(target, answer)
    if answer.body is not None:
        return _small(request, headers, answer.body)
    if answer.held is not None:
        return await _file(request, headers, answer.held)
    return await _head_only(request, headers, answer.size)


def _headers(target: Wanted, answer: Answer) -> CIMultiDict[str]:
    fresh = "public, max-age=31536000, immutable" if target.immutable else "public, max-age=60"
    headers = CIMultiDict({"Server": SERVER, "Content-Type": CONTENT_TYPES[target.kind], "Cache-Control": fresh})
    match answer.outcome:
        case Outcome.MISS:
            headers["Cache-Status"] = f"{SERVER}; fwd=miss; stored"
        case Outcome.STALE:
            headers["Cache-Status"] = f"{SERVER}; hit; detail=stale"
        case _:
            headers["Cache-Status"] = f"{SERVER}; hit"
    if answer.age >= 1:
        headers["Age"] = str(int(answer.age))
    return headers


def _small(request: web.BaseRequest, headers: CIMultiDict[str], body: bytes) -> web.StreamResponse:
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers["ETag"] = f'"{tag}"'
    if _unchanged(request, tag):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return web.Response(body=body, headers=headers)


async def _file(request: web.BaseRequest, headers: CIMultiDict[str], held: Held) -> web.StreamResponse:
    file = await asyncio.to_thread(held.path.open, "rb")
    with file:
        headers["Accept-Ranges"] = "bytes"
        if held.dirhash:
            tag = hashlib.sha256(held.dirhash.encode()).hexdigest()[:32]
            headers["ETag"] = f'"{tag}"'
            if _unchanged(request, tag):
                return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        span = _range(request, headers.get("ETag"), held.size)
        if span is None:
            headers["Content-Range"] = f"bytes */{held.size}"
            return web.Response(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
        status = HTTPStatus.OK
        if len(span) < held.size:
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{held.size}"
        response = web.StreamResponse(status=status, headers=headers)
        response.content_length = len(span)
        await response.prepare(request)
        if request.method == "GET":
            await _send_file(response, file, span)
        await response.write_eof()
        return response


async def _send_file(response: web.StreamResponse, file: BinaryIO, span: range) -> None:
    if span.start:
        file.seek(span.start)
    left = len(span)
    while left:
        piece = await asyncio.to_thread(file.read, min(_CHUNK, left))
        if not piece:
            raise CutShort("the file is shorter than it was")
        left -= len(piece)
        await _write(response, piece)


async def _write(response: web.StreamResponse, piece: bytes) -> None:
    """Send a piece; a client that takes nothing of it for long is cut off: it holds a file and memory."""
    try:
        async with asyncio.timeout(_STALLED_SECONDS):
            await response.write(piece)
    except TimeoutError:
        raise CutShort(f"the client has read nothing for {_STALLED_SECONDS:.0f} s") from None


def _unchanged(request: web.BaseRequest, tag: str) -> bool:
    tags: tuple[ETag, ...] | None = request.if_none_match
    return tags is not None and any(candidate.value in (tag, "*") for candidate in tags)


def _range(request: web.BaseRequest, etag: str | None, size: int) -> range | None:
    """Return what to send, None for a range outside the file. What is no single range is as good as none (RFC 9110)."""
    whole = range(size)
    if_range = request.headers.get("If-Range")
    if if_range is not None and if_range != etag:
        return whole
    try:
        asked = request.http_range
    except ValueError:
        return whole
    if asked.start is None and asked.stop is None:
        return whole
    found = whole[asked]
    return found if len(found) else None


async def _stream(request: web.BaseRequest, target: Wanted, answer: Answer, follower: Follower) -> web.StreamResponse:
    """Send a zip while it is fetched. A length is told only when upstream told it; else chunks show the end."""
    response = web.StreamResponse(headers=_headers(target, answer))
    if answer.size is not None:
        response.content_length = answer.size
    else:
        response.enable_chunked_encoding()
    await response.prepare(request)
    async for piece in follower:
        await _write(response, piece)
    await response.write_eof()
    return response


async def _head_only(request: web.BaseRequest, headers: CIMultiDict[str], size: int | None) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    if size is not None:
        response.content_length = size
    await response.prepare(request)
    await response.write_eof()
    return response
