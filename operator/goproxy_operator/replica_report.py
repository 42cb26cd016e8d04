"""Asks one replica for its report: the same question on one machine and in a cluster."""

import aiohttp
from pydantic import ValidationError

from modproxy.contract.report import Report


async def fetch_report(session: aiohttp.ClientSession, admin_url: str, seconds: float) -> Report | None:
    """Return what the admin listener at `admin_url` answers within that time; None when it is no report, or nothing."""
    try:
        async with session.get(f"{admin_url}/-/report", timeout=aiohttp.ClientTimeout(total=seconds)) as response:
            if response.status != 200:
                return None
            return Report.model_validate_json(await response.read())
    except (TimeoutError, aiohttp.ClientError, OSError, ValidationError):
        return None
