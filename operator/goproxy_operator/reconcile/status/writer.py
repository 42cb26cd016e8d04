"""Writes an object's status, and the Events that go with it, when they say something new."""

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus

from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import (
    ApiError,
    ConflictError,
    NamespaceEndingError,
    NotFoundError,
    UnreachableError,
)
from goproxy_operator.kube.resources import EVENTS, GOPROXIES, Key, Object, log_fields
from goproxy_operator.observed.known_objects import KnownObjects
from goproxy_operator.reconcile.outcome import PassOutcome
from goproxy_operator.reconcile.status.events import Happening, event, happenings, lasting, once_more, warnings
from goproxy_operator.reconcile.status.help_links import with_help
from goproxy_operator.reconcile.status.status import FIGURES_EVERY, Document, News, manifest, news
from goproxy_operator.settings import DOCS
from modproxy.contract.report_fields import plain_text

_log = logging.getLogger(__name__)
_SERIES_SECONDS = 3600.0
"""Seconds: what comes back within this time is the same happening."""
_MOST_SERIES = 1000


class StatusWriter:
    """Tells users how a fleet does: by its object's status, and by Events.

    `clock` is the loop's, in seconds; `identity` names this process in Events; `docs` is where people read the folder
    docs of this repository.
    """

    def __init__(
        self,
        client: ApiClient,
        goproxies: KnownObjects[Object],
        *,
        identity: str,
        clock: Callable[[], float],
        docs: str = DOCS,
    ) -> None:
        self._client = client
        self._goproxies = goproxies
        self._identity = identity
        self._clock = clock
        self._docs = docs
        self._written: dict[Key, float] = {}
        self._told: dict[tuple[str, Happening], tuple[float, Object]] = {}
        self._held: dict[Key, frozenset[Happening]] = {}
        """What is told of an object if it still holds when it has lasted."""
        self._untold: dict[Key, object] = {}
        """What Events told of an object whose status cannot be written."""

    async def write(self, key: Key, item: Object, status: Document) -> PassOutcome:
        """Write the status if it says something new; one in which only figures moved waits for its turn."""
        previous, status = item.get("status", {}), with_help(status, self._docs)
        match news(status, previous):
            case News.NONE:
                return PassOutcome(again=await self._tell_lasting(key, item, status))
            case News.FIGURES if (wait := self._written.get(key, 0) + FIGURES_EVERY - self._clock()) > 0:
                return PassOutcome(again=wait)
            case _:
                pass
        try:
            answer = await self._client.apply_status(GOPROXIES, manifest(item, status))
        except (NotFoundError, ConflictError):
            await self._look_again(key, item)
            return PassOutcome()
        except ApiError as e:
            if isinstance(e, NamespaceEndingError) or (e.is_temporary and e.status != HTTPStatus.INTERNAL_SERVER_ERROR):
                raise
            return await self._tell_otherwise(key, item, status, e)
        self._written[key] = self._clock()
        self._goproxies.put_answer(answer)
        await self._announce(item, happenings(status, previous))
        return PassOutcome(again=await self._tell_lasting(key, item, status))

    async def _tell_lasting(self, key: Key, item: Object, status: Document) -> float | None:
        """Tell what has lasted by now. Return in how many seconds something else will have."""
        now, held = datetime.now(UTC), self._held.pop(key, frozenset())
        waits: dict[Happening, float] = {}
        for due, new, happening in lasting(status, item.get("status", {}), now):
            if due > now:
                waits[happening] = (due - now).total_seconds()
            elif new or happening in held:
                await self._announce(item, [happening])
        if waits:
            self._held[key] = frozenset(waits)
        return min(waits.values(), default=None)

    async def _tell_otherwise(self, key: Key, item: Object, status: Document, refused: ApiError) -> PassOutcome:
        """Tell by Events only, once, where the API server takes no status.

        It takes none for an object that was stored under an older definition, if today's forbids what the object holds;
        where a type differs, it says so with an internal error.
        """
        told = item["metadata"]["uid"], item["metadata"].get("generation"), warnings(status)
        if self._untold.get(key) != told:
            _log.warning(
                "%s/%s: its status cannot be written: %s", *key, plain_text(refused.message), extra=log_fields(key)
            )
            await self._announce(item, warnings(status))
            self._untold[key] = told
        return PassOutcome(stuck=True)

    async def _look_again(self, key: Key, item: Object) -> None:
        """Find out why the write failed: the object is gone, or another of its name, or was written by others too."""
        there = await self._client.get(GOPROXIES, *key)
        known = self._goproxies.get(key)
        if there is not None:
            self._goproxies.put(there)
            if there["metadata"]["uid"] == item["metadata"]["uid"]:
                raise ConflictError(HTTPStatus.CONFLICT, "the status was not written: others were faster")
        elif known is not None and known["metadata"]["uid"] == item["metadata"]["uid"]:
            self._goproxies.drop(key)

    def forget(self, key: Key) -> None:
        """Forget an object that is gone."""
        self._written.pop(key, None)
        self._untold.pop(key, None)
        self._held.pop(key, None)

    async def _announce(self, item: Object, what: Iterable[Happening]) -> None:
        for happening in what:
            level = logging.WARNING if happening.kind == "Warning" else logging.INFO
            where = item["metadata"]["namespace"], item["metadata"]["name"]
            _log.log(level, "%s/%s: %s: %s", *where, happening.reason, happening.message, extra=log_fields(where))
            try:
                await self._send_event(item, happening)
            except (ApiError, UnreachableError) as e:
                _log.info("no Event for it: %s", e)  # the condition has said it

    async def _send_event(self, item: Object, happening: Happening) -> None:
        at, now = (item["metadata"]["uid"], happening), datetime.now(UTC)
        since, told = self._told.pop(at, (0.0, None))
        if told is not None and self._clock() - since < _SERIES_SECONDS:
            try:
                sent = await self._client.replace(EVENTS, once_more(told, now))
            except (NotFoundError, ConflictError):
                sent = await self._client.create(EVENTS, event(item, happening, self._identity, now))
        else:
            sent = await self._client.create(EVENTS, event(item, happening, self._identity, now))
        self._told[at] = (self._clock(), sent)
        if len(self._told) > _MOST_SERIES:
            del self._told[next(iter(self._told))]
