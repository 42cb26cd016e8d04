"""Makes the response of a reply: the last step of a client's request."""

import io
from dataclasses import replace

from aiohttp import web

from modproxy.server.decide.errors import TRACE_RESPONSE, explained, traced
from modproxy.server.decide.head import SERVER, head_of
from modproxy.server.reply import Reply
from modproxy.server.send import (
    conditions_of,
    error_response,
    send_file,
    send_head,
    send_stream,
    small_response,
)
from modproxy.store.protocol import LARGEST_BODY
from modproxy.tracing.trace import Trace


async def respond(
    http: web.BaseRequest, reply: Reply, request_id: str, trace: Trace | None, *, docs: str | None, last: bool
) -> web.StreamResponse:
    """Make the response, and send it where its body is long.

    `docs` is where clients read what an error means, and `last` says that the connection is closed after the response.
    Raises `CutShort` when the response breaks off, `ConnectionError` when the client left.
    """
    if reply.response is not None:
        return reply.response
    if reply.error is not None:
        error = explained(reply.error, docs, mismatch=reply.mismatch)
        return error_response(error if trace is None else traced(error, trace.own), request_id)
    if reply.request is None or reply.answer is None:
        return web.Response(text=reply.text, headers={"Server": SERVER, "X-Request-Id": request_id})
    answer = reply.answer
    head = head_of(reply.request.target, answer, conditions_of(http), request_id)
    if trace is not None:
        head = replace(head, headers={**head.headers, TRACE_RESPONSE: str(trace.own)})
    if last:
        # The client hears of it before the end of the answer, and sends no request into a connection that closes.
        head = replace(head, headers={**head.headers, "Connection": "close"})
    if answer.body is not None and len(answer.body) <= LARGEST_BODY:
        return small_response(head, answer.body)
    if answer.follower is not None:
        return await send_stream(http, head, answer.follower)
    content = io.BytesIO(answer.body) if answer.body is not None else reply.file
    return await (send_head(http, head) if content is None else send_file(http, head, content))
