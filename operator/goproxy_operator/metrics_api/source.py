"""Asks a fleet's replicas when the API server asks: at most once in a few seconds, however many ask."""

import asyncio
from datetime import UTC, datetime

from goproxy_operator.desired import names
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, UnreachableError
from goproxy_operator.kube.resources import PODS, Key
from goproxy_operator.metrics_api.rules.rate import NoDataError, ScrapedReplica, fleet_rate
from goproxy_operator.observed.scrape import Scraper
from goproxy_operator.observed.views import PodView

KEPT_SECONDS = 3.0
"""Shorter than any HPA's period, so that none acts twice on the same figure."""

Answer = tuple[float, datetime]


class RateSource:
    """Tells the request rate of a fleet. The API server names the replicas, because only a leader has a mirror."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._scraper = Scraper()
        self._answers: dict[Key, tuple[float, asyncio.Task[Answer]]] = {}

    async def close(self) -> None:
        """End what is under way."""
        for _, task in self._answers.values():
            task.cancel()
        await self._scraper.close()

    async def rate(self, fleet: Key) -> Answer:
        """Return requests a second, and when that was so. Raises `NoDataError`."""
        now = asyncio.get_running_loop().time()
        self._answers = {key: at for key, at in self._answers.items() if now - at[0] < KEPT_SECONDS}
        if fleet not in self._answers:
            task = asyncio.create_task(self._ask(fleet))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._answers[fleet] = (now, task)
        # A caller who hangs up does not take the answer from the others.
        return await asyncio.shield(self._answers[fleet][1])

    async def _ask(self, fleet: Key) -> Answer:
        namespace, name = fleet
        selector = ",".join(f"{key}={value}" for key, value in names.selector(name).items())
        try:
            # The state that the API server has in its own memory is new enough.
            page = await self._client.list_page(PODS, namespace, {"labelSelector": selector, "resourceVersion": "0"})
        except (ApiError, UnreachableError) as e:
            raise NoDataError(f"the replicas cannot be listed: {e}") from None
        running = [pod for pod in map(PodView.of, page["items"]) if pod.ip]
        reports = await self._scraper.reports({pod.name: pod.ip or "" for pod in running})
        scraped = {pod.name: ScrapedReplica(ready=pod.ready, going=pod.deleting) for pod in running}
        return fleet_rate(scraped, reports), datetime.now(UTC)
