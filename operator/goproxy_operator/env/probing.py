"""Asks fleets whether they answer: all at once, and within a bound for all together."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

import aiohttp
from yarl import URL

from goproxy_operator.client.arguments import Asking, FleetUrl
from goproxy_operator.client.fleet_client import proxy_for, tls_of, words_of
from goproxy_operator.env.candidates import Candidate
from modproxy.contract.report_fields import plain_text

TOTAL_SECONDS = 3.0
"""For all candidates together: somebody waits for a prompt."""


async def probe(candidates: Sequence[Candidate], ca_file: Path | None) -> list[str]:
    """Return for each candidate why it is not healthy; an empty text where it is. Sends no credential.

    Any answer below 500 that is no redirect counts as healthy: a fleet that wants a login says so with 401.
    """
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    ) as session:
        return list(await asyncio.gather(*(_why_not(session, one, ca_file) for one in candidates)))


async def _why_not(session: aiohttp.ClientSession, candidate: Candidate, ca_file: Path | None) -> str:
    url = URL(f"{candidate.url}/", encoded=True)
    tls = tls_of(Asking(FleetUrl(candidate.url), ca_file=ca_file))
    try:
        async with (
            asyncio.timeout(TOTAL_SECONDS),
            session.get(url, ssl=tls, allow_redirects=False, **proxy_for(url)) as answer,
        ):
            if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                return f"it answers {answer.status} {plain_text(answer.reason or '')}".rstrip()
            if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
                where = plain_text(answer.headers.get("Location", "elsewhere").partition("?")[0])
                return f"it leads to {where}: a network that wants a login first does so"
            return ""
    except TimeoutError:
        return f"no answer within {TOTAL_SECONDS:g} s"
    except (aiohttp.ClientError, OSError) as e:
        return words_of(e)
