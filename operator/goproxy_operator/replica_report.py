"""Fetches the report of one replica, on one machine as in a cluster.

Nothing of the answer is trusted: in a cluster a tenant may choose the image that runs as a replica. It is read up to a
size and within a time, as it is: no redirect is followed, nothing is decompressed, no cookie is kept by the session
that `report_session` makes.
"""

import asyncio
from functools import partial
from http import HTTPStatus

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from pydantic import ValidationError

from modproxy.contract.report import REPORT_BYTES, Report
from modproxy.contract.report_fields import plain_text

_MOST_HEADERS = 32
_LONGEST_HEADER = 2048
"""Bytes of a header. A replica sends four headers, all of them short."""
_ANSWER_BYTES = REPORT_BYTES + 2**14
"""Of a whole answer: the report, the head before it, and the frames of a chunked body."""


class ReportError(Exception):
    """A replica's answer is no report. The message says in one line what is wrong with the answer."""


class _BoundedAnswer(ResponseHandler):
    """Receives an answer of `_ANSWER_BYTES` at most, without any interim (1xx) response.

    aiohttp reads interim responses for as long as they come, and keeps each that nobody has taken yet, so that neither
    a limit of the body nor flow control counts them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._received = 0
        self._refusal: ReportError | None = None

    def data_received(self, data: bytes) -> None:
        # The bytes are counted before they are parsed, because one read can hold thousands of responses.
        self._received += len(data)
        if self._refusal is not None:
            return
        if self._received > _ANSWER_BYTES:
            self._refuse(f"the answer has more than {REPORT_BYTES} bytes")
        else:
            super().data_received(data)

    def feed_data(self, data: tuple[RawResponseMessage, aiohttp.StreamReader], size: int = 0) -> None:
        if self._refusal is not None:
            return
        status = data[0].code
        if status < HTTPStatus.OK:
            self._refuse(f"the answer begins with an interim response (HTTP status {status}), which was not asked for")
        else:
            super().feed_data(data, size)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        # The loss of the connection, which follows a refusal, must not hide the reason.
        super().set_exception(self._refusal or exc, exc_cause or exc)

    def _refuse(self, why: str) -> None:
        payload = self._payload
        self._refusal = ReportError(why)
        self.abort()
        self.set_exception(self._refusal)
        if payload is not None:
            payload.set_exception(self._refusal)


class _BoundedConnector(aiohttp.TCPConnector):
    """Makes connections that are not kept, because pods come and go, and that receive a bounded answer each."""

    def __init__(self, connections: int) -> None:
        super().__init__(force_close=True, limit=connections)
        handler: type[ResponseHandler] = _BoundedAnswer
        self._factory = partial(handler, loop=self._loop)


def report_session(connections: int) -> aiohttp.ClientSession:
    """Return a session for so many reports at a time."""
    return aiohttp.ClientSession(
        connector=_BoundedConnector(connections),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        max_line_size=_LONGEST_HEADER,
        max_field_size=_LONGEST_HEADER,
        max_headers=_MOST_HEADERS,
        trust_env=False,  # no proxy stands between us and a pod
    )


async def fetch_report(session: aiohttp.ClientSession, admin_url: str, seconds: float) -> Report | None:
    """Return the report that the admin listener at `admin_url` gives within `seconds`; None without a valid one."""
    try:
        return await ask_for_report(session, admin_url, seconds)
    except ReportError:
        return None


async def ask_for_report(session: aiohttp.ClientSession, admin_url: str, seconds: float) -> Report | None:
    """Return the report that the admin listener at `admin_url` gives within `seconds`; None while there is no answer.

    Raises `ReportError` for an answer that is no report.
    """
    try:
        async with (
            asyncio.timeout(seconds),
            session.get(
                f"{admin_url}/-/report",
                headers={"Accept-Encoding": "identity"},
                allow_redirects=False,
                auto_decompress=False,
            ) as response,
        ):
            return await _read(response)
    except (TimeoutError, aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
        return None
    except (aiohttp.ClientError, OSError, ValueError) as e:
        raise ReportError(f"the answer is no HTTP: {plain_text(str(e) or type(e).__name__)}") from None


async def _read(response: aiohttp.ClientResponse) -> Report | None:
    if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
        raise ReportError(f"the answer is a redirect (HTTP status {response.status}), which is not followed")
    if response.status != HTTPStatus.OK:
        return None
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise ReportError(f"the answer is compressed ({plain_text(encoding)[:32]}), which was not asked for")
    raw = bytearray()
    async for chunk in response.content.iter_any():
        raw += chunk
        if len(raw) > REPORT_BYTES:
            raise ReportError(f"the answer has more than {REPORT_BYTES} bytes")
    return _parse(bytes(raw))


def _parse(raw: bytes) -> Report:
    try:
        return Report.model_validate_json(raw)
    except ValidationError as e:
        first = e.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ReportError(plain_text(f"{where}: {first['msg']}" if where else first["msg"])) from None
