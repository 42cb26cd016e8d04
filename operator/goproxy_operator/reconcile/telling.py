"""Writes an object's status, and the Events that go with it, when they say something new."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from goproxy_operator.cluster.client import ApiError, Client, ConflictError, NotFoundError
from goproxy_operator.cluster.resources import EVENTS, GOPROXIES, Key, Object
from goproxy_operator.cluster.store import Store
from goproxy_operator.reconcile.events import event, warnings
from goproxy_operator.reconcile.outcome import Outcome
from goproxy_operator.reconcile.status import FIGURES_EVERY, Document, News, manifest, news

_log = logging.getLogger(__name__)


class Telling:
    """`clock` is the loop's, in seconds; `identity` names this process in Events."""

    def __init__(self, client: Client, goproxies: Store, *, identity: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._goproxies = goproxies
        self._identity = identity
        self._clock = clock
        self._written: dict[Key, float] = {}

    async def tell(self, key: Key, item: Object, status: Document) -> Outcome:
        """Write the status if it says something new; one in which only figures moved waits for its turn."""
        previous = item.get("status", {})
        match news(status, previous):
            case News.NONE:
                return Outcome()
            case News.FIGURES if (wait := self._written.get(key, 0) + FIGURES_EVERY - self._clock()) > 0:
                return Outcome(again=wait)
            case _:
                pass
        try:
            answer = await self._client.apply_status(GOPROXIES, manifest(item, status))
        except (NotFoundError, ConflictError):
            # It is gone, or another of that name: whoever made that tells us.
            self._goproxies.drop(key)
            return Outcome()
        self._written[key] = self._clock()
        self._goproxies.put_answer(answer)
        await self._warn(item, status)
        return Outcome()

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._written.pop(key, None)

    async def _warn(self, item: Object, status: Document) -> None:
        for reason, message in warnings(status, item.get("status", {})):
            _log.warning("%s/%s: %s: %s", item["metadata"]["namespace"], item["metadata"]["name"], reason, message)
            try:
                await self._client.create(EVENTS, event(item, reason, message, self._identity, datetime.now(UTC)))
            except ApiError as e:
                _log.info("no Event for it: %s", e)  # the condition has said it
