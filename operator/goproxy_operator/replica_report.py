"""Fetches the report of one replica, on one machine as in a cluster.

Nothing of the answer is trusted: in a cluster a tenant may choose the image that runs as a replica. It is read up to a
size and within a time, as it is: no redirect is followed, nothing is decompressed, no cookie is kept by the session
that `report_session` makes.
"""

import asyncio
from http import HTTPStatus

import aiohttp
from pydantic import ValidationError

from modproxy.contract.report import REPORT_BYTES, Report, plain_text

_MOST_HEADERS = 32
_LONGEST_HEADER = 2048
"""Bytes of a header. A replica sends four headers, all of them short."""


class ReportError(Exception):
    """A replica's answer is no report. The message says in one line what is wrong with the answer."""


def report_session(connections: int) -> aiohttp.ClientSession:
    """Return a session for so many reports at a time. Pods come and go, so connections are not kept."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True, limit=connections),
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
