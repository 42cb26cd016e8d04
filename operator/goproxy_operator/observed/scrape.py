"""Asks replicas for their reports, a bounded number at a time, and of one namespace fewer.

A namespace is a tenant: one whose replicas let the operator wait keeps no other waiting.
"""

import asyncio
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from goproxy_operator.desired.names import ADMIN_PORT_NUMBER
from goproxy_operator.isolation import isolated
from goproxy_operator.metrics import SCRAPES
from goproxy_operator.replica_report import ReportError, ask_for_report, report_session
from modproxy.contract.report import Report

_SECONDS = 3.0
"""For one report."""
_FLEET_SECONDS = 10.0
"""For all reports of a fleet: with half of the usual interval between two rounds, still less than the interval."""
_AT_A_TIME = 128
_AT_A_TIME_IN_A_NAMESPACE = 16


@dataclass(frozen=True, slots=True)
class Answers:
    """What the replicas of a fleet answered, by pod. A replica that gave no answer in time is in neither."""

    reports: Mapping[str, Report] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    """Why an answer is no report."""


class Scraper:
    """Asks replicas for `/-/report` on their admin port."""

    def __init__(self) -> None:
        self._session = report_session(_AT_A_TIME)
        self._turns = asyncio.Semaphore(_AT_A_TIME)
        self._namespaces: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def ask(self, namespace: str, addresses: Mapping[str, str]) -> Answers:
        """Return what came, by the keys of `addresses`, whose values are IP addresses. Raises nothing."""
        if not addresses:
            return Answers()
        turns = self._namespaces.setdefault(namespace, asyncio.Semaphore(_AT_A_TIME_IN_A_NAMESPACE))
        asking = {
            asyncio.create_task(self._ask(turns, f"{namespace}/{name}", address)): name
            for name, address in addresses.items()
        }
        try:
            done, _ = await asyncio.wait(asking, timeout=_FLEET_SECONDS)
        finally:
            for task in asking:
                task.cancel()
        answers = {asking[task]: task.result() for task in done}
        return Answers(
            {name: answer for name, answer in answers.items() if isinstance(answer, Report)},
            {name: str(answer) for name, answer in answers.items() if isinstance(answer, ReportError)},
        )

    async def _ask(self, turns: asyncio.Semaphore, pod: str, address: str) -> Report | ReportError | None:
        answer: Report | ReportError | None = ReportError("it cannot be read, by a fault of the operator")
        async with turns, self._turns:
            with isolated(f"report of {pod}"):
                answer = await self._answer(address)
        result = "ok" if isinstance(answer, Report) else "failed" if answer is None else "refused"
        SCRAPES.labels(result).inc()
        return answer

    async def _answer(self, address: str) -> Report | ReportError | None:
        try:
            host = f"[{address}]" if ipaddress.ip_address(address).version == 6 else address
            return await ask_for_report(self._session, f"http://{host}:{ADMIN_PORT_NUMBER}", _SECONDS)
        except ReportError as e:
            return e
        except ValueError as e:
            return ReportError(f"the pod's address is none: {e}")
