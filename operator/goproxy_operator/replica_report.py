"""Fetches the report of one replica, on one machine as in a cluster."""

import aiohttp
from pydantic import ValidationError

from modproxy.contract.report import Report


async def fetch_report(session: aiohttp.ClientSession, admin_url: str, seconds: float) -> Report | None:
    """Return the report that the admin listener at `admin_url` gives within `seconds`; None without a valid one."""
    try:
        async with session.get(f"{admin_url}/-/report", timeout=aiohttp.ClientTimeout(total=seconds)) as response:
            if response.status != 200:
                return None
            return Report.model_validate_json(await response.read())
    except (TimeoutError, aiohttp.ClientError, OSError, ValidationError):
        return None
