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

    async def run(self) -> None:
        """Scrape until cancelled: each fleet once in `interval` seconds, all spread over half of that."""
        clock = asyncio.get_running_loop().time
        while True:
            begun = clock()
            async with asyncio.TaskGroup() as tasks:
                for fleet in list(self._fleets()):
                    tasks.create_task(self._scrape(fleet))
            await asyncio.sleep(max(begun + self._interval - clock(), self._interval / 2))

    async def _scrape(self, fleet: Key) -> None:
        await asyncio.sleep(uniform(0, self._interval / 2))  # noqa: S311 - jitter
        with isolated("reports of {}/{}".format(*fleet)):
            answers = await self._scraper.ask(fleet.namespace, addresses(self._mirror, fleet))
            if fleet not in self._fleets():
                return
            before = told(self._reports.of(fleet), self._reports.refused(fleet))
            self._reports.take(fleet, answers, asyncio.get_running_loop().time())
            if told(self._reports.of(fleet), self._reports.refused(fleet)) != before:
                self._moved(fleet)
