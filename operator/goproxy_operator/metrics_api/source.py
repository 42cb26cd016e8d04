"""Asks a fleet's replicas when the API server asks: at most once in a few seconds, however many ask."""

import asyncio
from datetime import UTC, datetime

from goproxy_operator.cluster import trim
from goproxy_operator.cluster.client import ApiError, Client, UnreachableError
from goproxy_operator.cluster.resources import PODS, Key
from goproxy_operator.cluster.scrape import Scraper
from goproxy_operator.desired import names
from goproxy_operator.metrics_api.rate import Asked, NoDataError, fleet_rate

KEPT_SECONDS = 3.0
"""Shorter than any HPA's period, so that none acts twice on the same figure."""

Answer = tuple[float, datetime]


class RateSource:
    """Knows the replicas from the API server itself: whoever does not lead has no mirror."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._scraper = Scraper()
        self._asked: dict[Key, tuple[float, asyncio.Task[Answer]]] = {}

    async def close(self) -> None:
        """Ask no more."""
        for _, task in self._asked.values():
            task.cancel()
        await self._scraper.close()

    async def rate(self, fleet: Key) -> Answer:
        """Return requests a second, and when that was so. Raises `NoDataError`."""
        now = asyncio.get_running_loop().time()
        self._asked = {key: asked for key, asked in self._asked.items() if now - asked[0] < KEPT_SECONDS}
        if fleet not in self._asked:
            task = asyncio.create_task(self._ask(fleet))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._asked[fleet] = (now, task)
        # Who hangs up does not take the answer from the others.
        return await asyncio.shield(self._asked[fleet][1])

    async def _ask(self, fleet: Key) -> Answer:
        namespace, name = fleet
        selector = ",".join(f"{key}={value}" for key, value in names.selector(name).items())
        try:
            # What the API server has in its own memory is new enough.
            page = await self._client.list_page(PODS, namespace, {"labelSelector": selector, "resourceVersion": "0"})
        except (ApiError, UnreachableError) as e:
            raise NoDataError(f"the replicas cannot be listed: {e}") from None
        pods = {item["metadata"]["name"]: trim.pod(item) for item in page["items"]}
        running = {pod: item for pod, item in pods.items() if item["ip"]}
        reports = await self._scraper.reports({pod: item["ip"] for pod, item in running.items()})
        asked = {
            pod: Asked(ready=item["ready"], going="deletionTimestamp" in item["metadata"])
            for pod, item in running.items()
        }
        return fleet_rate(asked, reports), datetime.now(UTC)
