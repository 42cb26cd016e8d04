"""Asks each fleet's replicas for their reports, round after round, off the reconcile path.

A fleet is looked at anew only when what its status would say has moved. What one fleet's replicas answer, or fail to
answer, has no effect on the others: a round waits for each fleet a bounded time (`observed.scrape`).
"""

import asyncio
import time
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
        self._told_at: dict[Key, float] = {}
        """When a fleet's reports were compared last, in seconds since the epoch: some of what is told has to last."""

    async def run(self) -> None:
        """Scrape until cancelled: each fleet once a round, all spread over half of it."""
        clock = asyncio.get_running_loop().time
        while True:
            begun, seconds = clock(), round_seconds(self._interval, self._asked)
            self._asked = 0
            self._told_at = {fleet: at for fleet, at in self._told_at.items() if fleet in self._fleets()}
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
            now = time.time()
            before = self._told(fleet, self._told_at.get(fleet, now))
            self._reports.take(fleet, answers, asyncio.get_running_loop().time())
            self._told_at[fleet] = now
            if self._told(fleet, now) != before:
                self._moved(fleet)

    def _told(self, fleet: Key, at: float) -> object:
        return told(self._reports.of(fleet), self._reports.refused(fleet), at)
