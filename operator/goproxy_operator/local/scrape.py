"""Asks a replica for its report."""

import aiohttp
from pydantic import ValidationError

from modproxy.report import Report

TIMEOUT_SECONDS = 2.0


async def fetch_report(session: aiohttp.ClientSession, port: int) -> Report | None:
    """Return the report of the replica whose admin listener has that port of the loopback; None when it gave none."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with session.get(f"http://127.0.0.1:{port}/-/report", timeout=timeout) as response:
            if response.status != 200:
                return None
            return Report.model_validate_json(await response.read())
    except (TimeoutError, aiohttp.ClientError, ValidationError):
        return None
