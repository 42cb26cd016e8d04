"""Asks replicas for their reports, a bounded number at a time."""

import asyncio
from collections.abc import Mapping

import aiohttp

from goproxy_operator.desired.names import ADMIN_PORT_NUMBER
from goproxy_operator.metrics import SCRAPES
from goproxy_operator.replica_report import fetch_report
from modproxy.contract.report import Report

_SECONDS = 3.0
_AT_A_TIME = 64


class Scraper:
    """Asks replicas for `/-/report` on their admin port. A replica that does not answer in time has no report."""

    def __init__(self) -> None:
        # Pods come and go: connections are not kept, and no proxy stands between us and a pod.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=_AT_A_TIME), trust_env=False
        )
        self._turns = asyncio.Semaphore(_AT_A_TIME)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def reports(self, addresses: Mapping[str, str]) -> dict[str, Report]:
        """Return the reports that came, by the keys of `addresses`, whose values are IP addresses."""
        answers = await asyncio.gather(*(self._report(address) for address in addresses.values()))
        return {name: report for name, report in zip(addresses, answers, strict=True) if report is not None}

    async def _report(self, address: str) -> Report | None:
        host = f"[{address}]" if ":" in address else address
        async with self._turns:
            report = await fetch_report(self._session, f"http://{host}:{ADMIN_PORT_NUMBER}", _SECONDS)
        SCRAPES.labels("failed" if report is None else "ok").inc()
        return report
