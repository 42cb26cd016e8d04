"""The request rate of a fleet, for the API server. The replicas are scraped at most once in a few seconds."""

import asyncio
from datetime import UTC, datetime

from goproxy_operator.api.autoscaling import MOST_REPLICAS
from goproxy_operator.desired import names
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, UnreachableError
from goproxy_operator.kube.resources import PODS, Key
from goproxy_operator.metrics_api.rules.rate import NoDataError, ScrapedReplica, fleet_rate
from goproxy_operator.observed.scrape import Scraper
from goproxy_operator.observed.views import PodView

KEPT_SECONDS = 3.0
"""Shorter than the period of any HorizontalPodAutoscaler, which so never acts twice on the same figure."""

Answer = tuple[float, datetime]


class RateSource:
    """Computes rates of fleets. It lists the replicas at the API server, because only the leader has a mirror."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._scraper = Scraper()
        self._answers: dict[Key, tuple[float, asyncio.Task[Answer]]] = {}

    async def close(self) -> None:
        """End all that is under way."""
        for _, task in self._answers.values():
            task.cancel()
        await self._scraper.close()

    async def rate(self, fleet: Key) -> Answer:
        """Return requests a second, and when that was so. Raises `NoDataError`."""
        now = asyncio.get_running_loop().time()
        self._answers = {key: flight for key, flight in self._answers.items() if now - flight[0] < KEPT_SECONDS}
        if fleet not in self._answers:
            task = asyncio.create_task(self._fetch(fleet))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._answers[fleet] = (now, task)
        # The end of one request does not cancel the flight, for which others may wait.
        return await asyncio.shield(self._answers[fleet][1])

    async def _fetch(self, fleet: Key) -> Answer:
        namespace, name = fleet
        selector = ",".join(f"{key}={value}" for key, value in names.selector(name).items())
        try:
            # Resource version 0 is what the API server has in memory, which is new enough.
            page = await self._client.list_page(PODS, namespace, {"labelSelector": selector, "resourceVersion": "0"})
        except (ApiError, UnreachableError) as e:
            raise NoDataError(f"the replicas cannot be listed: {e}") from None
        # Whoever may make pods may label any number of them so.
        running = [pod for pod in map(PodView.of, page["items"][:MOST_REPLICAS]) if pod.ip]
        answers = await self._scraper.ask(namespace, {pod.name: pod.ip or "" for pod in running})
        scraped = {pod.name: ScrapedReplica(ready=pod.ready, terminating=pod.deleting) for pod in running}
        return fleet_rate(scraped, answers.reports), datetime.now(UTC)
