"""How responses are sent: errors, small bodies, files, and zips whose fetch is under way."""

import asyncio
from typing import BinaryIO

from aiohttp import ETag, web

from modproxy.cache.flight import CutShort, Follower
from modproxy.server.connection import STALLED_SECONDS
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.server.decide.head import SERVER, Conditions, Head
from modproxy.threads import Pool

_CHUNK = 128 << 10
_BROKEN_OFF = (499, 502)
"""The codes to count for an answer that broke off."""


_UNCONDITIONAL = Conditions()
_READING = Pool("send", 8)
"""The threads that read files for clients. A file is closed only after its last read has ended."""


def conditions_of(http: web.BaseRequest) -> Conditions:
    """Read a request's conditional headers. A malformed header counts as absent (RFC 9110, sections 13.1 and 14.2)."""
    headers = http.headers
    if "If-None-Match" not in headers and "Range" not in headers:
        return _UNCONDITIONAL
    tags: tuple[ETag, ...] | None = http.if_none_match
    try:
        span: slice | None = http.http_range
    except ValueError:
        span = None
    if span is not None and span.start is None and span.stop is None:
        span = None
    return Conditions(tuple(tag.value for tag in tags or ()), headers.get("If-Range"), span)


def error_response(error: ErrorAnswer, request_id: str) -> web.Response:
    """Make the response that tells a client what went wrong."""
    headers = {"Server": SERVER, "Cache-Control": "no-store", "X-Request-Id": request_id, **error.headers}
    return web.Response(status=error.status, text=error.text, headers=headers)


def small_response(head: Head, body: bytes) -> web.Response:
    """Make a response whose body is in memory."""
    span = head.span
    return web.Response(status=head.status, headers=head.headers, body=body[span.start : span.stop] if span else None)


async def send_file(http: web.BaseRequest, head: Head, file: BinaryIO) -> web.StreamResponse:
    """Send a file as the head says.

    Raises `CutShort` when the response breaks off, `ConnectionError` when the client left.
    """
    if head.length is None:
        return web.Response(status=head.status, headers=head.headers)
    response = web.StreamResponse(status=head.status, headers=head.headers)
    response.content_length = head.length
    await response.prepare(http)
    if http.method == "GET":
        await _send_span(response, file, head.span)
    await response.write_eof()
    return response


def sent_of(http: web.BaseRequest, response: web.StreamResponse, code: int) -> int:
    """Return how many bytes of a body were sent; where the answer broke off, what the connection got with the head."""
    if http.method == "HEAD":
        return 0
    return response.content_length or response.body_length or (http.writer.output_size if code in _BROKEN_OFF else 0)


async def send_head(http: web.BaseRequest, head: Head) -> web.StreamResponse:
    """Send the head of a response whose body is not there, and whose size is not known."""
    response = web.StreamResponse(status=head.status, headers=head.headers)
    await response.prepare(http)
    await response.write_eof()
    return response


async def _send_span(response: web.StreamResponse, file: BinaryIO, span: range) -> None:
    if span.start:
        file.seek(span.start)
    left = len(span)
    while left:
        piece = await _READING.run(file.read, min(_CHUNK, left))
        if not piece:
            raise CutShort("the file is shorter than it was")
        left -= len(piece)
        await _write(response, piece)


async def _write(response: web.StreamResponse, piece: bytes) -> None:
    """Send a piece. A client that stops reading is cut off, because it occupies an open file and memory."""
    try:
        async with asyncio.timeout(STALLED_SECONDS):
            await response.write(piece)
    except TimeoutError:
        raise CutShort(f"the client has read nothing for {STALLED_SECONDS:.0f} s") from None


async def send_stream(http: web.BaseRequest, head: Head, follower: Follower) -> web.StreamResponse:
    """Send a zip while it is fetched, with a Content-Length if upstream announced one, else in chunks.

    Raises `CutShort` when the fetch fails, `ConnectionError` when the client left.
    """
    response = web.StreamResponse(status=head.status, headers=head.headers)
    if head.length is not None:
        response.content_length = head.length
    elif http.method == "GET":
        response.enable_chunked_encoding()
    await response.prepare(http)
    if http.method == "GET":
        async for piece in follower:
            await _write(response, piece)
    await response.write_eof()
    return response
