"""Requests that change something, or that ask for no file of a module: what they have in common.

A PUT or a DELETE of a module's file is the action of that name; `POST /-/NAME` and `GET /-/NAME` are the action NAME.
No module path begins with a dash, so no file of a module is hidden by them.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Protocol

from aiohttp import web

from modproxy.in_force import Rules
from modproxy.server.connection import STALLED_SECONDS
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.server.reply import Reply

_PIECE = 128 << 10
_SLOWEST = 16 << 10
"""Bytes a second of a body in the long run, so that nobody holds what few may have at once by a trickle."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Action(Protocol):
    """Answers the requests of one action, after host, method and loop were checked."""

    proves_itself: bool
    """Whether the action finds out by itself who asks. For others the principal is known, and nothing is decided about
    what the principal may do.
    """

    async def reply(self, http: web.BaseRequest, arrival: Arrival, rules: Rules) -> Reply:
        """Carry out the request. Raises nothing but `CancelledError`, `ConnectionError` and `BodyError`.

        An action that makes its response itself returns it as `Reply.response`: whole, or begun and ended.
        """
        ...


class BodyError(Exception):
    """The body of a request cannot be taken: `answer` says why."""

    def __init__(self, answer: ErrorAnswer) -> None:
        super().__init__(answer.reason)
        self.answer = answer


def web_page(http: web.BaseRequest) -> str:
    """Say why a request of a browser's page is refused; empty for other requests.

    A page of any site may send a request to a proxy on the developer's machine, and a browser tells where the page is
    from (Fetch Standard, "Origin header"; Fetch Metadata Request Headers, section 2.4).
    """
    site = http.headers.get("Sec-Fetch-Site", "none")
    if "Origin" in http.headers or site not in ("none", "same-origin"):
        return "forbidden: a web page may not make this proxy fetch or change modules"
    return ""


async def read_body(http: web.BaseRequest, largest: int) -> bytes:
    """Return a body of at most `largest` bytes. Raises `BodyError` and `ConnectionError`."""
    body = bytearray()
    async for piece in body_of(http, largest):
        body += piece
    return bytes(body)


async def body_of(http: web.BaseRequest, largest: int) -> AsyncIterator[bytes]:
    """Yield a body of at most `largest` bytes as it comes. Raises `BodyError` and `ConnectionError`.

    A client that waits for permission to send its body (RFC 9110, section 10.1.1) gets it here.
    """
    too_large = BodyError(
        ErrorAnswer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has more than {largest} bytes, which is the most")
    )
    if (http.content_length or 0) > largest:
        raise too_large
    if http.headers.get("Expect", "").lower() == "100-continue" and http.transport is not None:
        http.transport.write(_CONTINUE)
    taken, waited = 0, 0.0
    while True:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                piece = await http.content.read(_PIECE)
        except TimeoutError:
            reason = f"nothing came of the body for {STALLED_SECONDS:.0f} s: send it again"
            raise BodyError(ErrorAnswer(HTTPStatus.REQUEST_TIMEOUT, reason)) from None
        except web.HTTPException as e:
            raise BodyError(ErrorAnswer(e.status, "the body cannot be read")) from None
        except (ValueError, web.RequestPayloadError):
            raise BodyError(ErrorAnswer(HTTPStatus.BAD_REQUEST, "the body ends before its announced length")) from None
        if not piece:
            return
        taken += len(piece)
        waited += time.monotonic() - begun
        if taken > largest:
            raise too_large
        if waited > STALLED_SECONDS + taken / _SLOWEST:
            reason = f"the body came with less than {_SLOWEST} bytes a second: send it over a faster line"
            raise BodyError(ErrorAnswer(HTTPStatus.REQUEST_TIMEOUT, reason))
        yield piece
