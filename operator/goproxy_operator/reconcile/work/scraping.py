"""Asks each fleet's replicas for their reports, round after round, off the reconcile path.

A fleet is looked at anew only when what its status would say has moved. What one fleet's replicas answer, or fail to
answer, has no effect on the others: a round waits for each fleet a bounded time (`observed.scrape`).
"""

import asyncio
from collections.abc import Callable, Collection
from random import uniform

from goproxy_operator.isolation import isolated
from goproxy_operator.kube.resources import Key
from goproxy_operator.observed.mirror import Mirror
from goproxy_operator.observed.reports import Reports
from goproxy_operator.observed.scrape import Scraper
from goproxy_operator.reconcile.observe import addresses
from goproxy_operator.reconcile.status.reported import told

_MOST_A_SECOND = 400
"""Reports: each costs one millisecond of processor time, and the reconciling needs the rest."""


def round_seconds(interval: float, replicas: int) -> float:
    """Return how long a round takes: `interval`, or longer where there are more replicas than can be asked in that."""
    return max(interval, replicas / _MOST_A_SECOND)


class Scraping:
    """Keeps the replicas' reports fresh.

    `fleets` says which fleets there are; `moved` is told whose figures have moved.
    """

    def __init__(
        self,
        scraper: Scraper,
        mirror: Mirror,
        reports: Reports,
        *,
        interval: float,
        fleets: Callable[[], Collection[Key]],
        moved: Callable[[Key], None],
    ) -> None:
        self._scraper = scraper
        self._mirror = mirror
        self._reports = reports
        self._interval = interval
        self._fleets = fleets
        self._moved = moved
        self._asked = 0
        """How many replicas were asked in this round."""

    async def run(self) -> None:
        """Scrape until cancelled: each fleet once a round, all spread over half of it."""
        clock = asyncio.get_running_loop().time
        while True:
            begun, seconds = clock(), round_seconds(self._interval, self._asked)
            self._asked = 0
            self._reports.expect_every(seconds)
            async with asyncio.TaskGroup() as tasks:
                for fleet in list(self._fleets()):
                    tasks.create_task(self._scrape(fleet, uniform(0, seconds / 2)))  # noqa: S311 - jitter
            await asyncio.sleep(max(begun + seconds - clock(), seconds / 2))

    async def _scrape(self, fleet: Key, pause: float) -> None:
        await asyncio.sleep(pause)
        with isolated("reports of {}/{}".format(*fleet)):
            asked = addresses(self._mirror, fleet)
            self._asked += len(asked)
            answers = await self._scraper.ask(fleet.namespace, asked)
            if fleet not in self._fleets():
                return
            before = told(self._reports.of(fleet), self._reports.refused(fleet))
            self._reports.take(fleet, answers, asyncio.get_running_loop().time())
            if told(self._reports.of(fleet), self._reports.refused(fleet)) != before:
                self._moved(fleet)
