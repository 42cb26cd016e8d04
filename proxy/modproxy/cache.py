"""Look up, or fetch once. Decides how fresh an answer must be; knows nothing of HTTP nor of who asks.

Immutable files are held for ever. Lists, `@latest` and queries are fresh for `list_ttl`; then the old answer is given
while a new one is fetched behind it, until `stale_if_error` more has passed. A 404 or 410 is remembered for a short
time; an outage never is.
"""

import asyncio
import contextlib
import copy
import logging
import time
from dataclasses import dataclass
from enum import StrEnum

from modproxy.contract.config import CacheConfig
from modproxy.flight import Flight, Follower
from modproxy.memo import Memo
from modproxy.source import Mismatch, NotFound, Source, Wanted
from modproxy.store.disk import DiskStore, Held

_REMEMBERED = 20_000
_REFRESH_PAUSE = 10.0
"""Seconds between two attempts to refresh an answer whose refresh failed."""
_SUSPECT_SECONDS = 600.0

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """How an answer came about: the `cache` label of metrics. All but miss and denied are hits of the fleet."""

    HIT = "hit"
    STALE = "stale"
    NEGATIVE = "negative"
    PEER = "peer"
    MISS = "miss"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Answer:
    """What to serve: a file that is held, a body that is checked, or a zip whose fetch is under way. Close it.

    `size` is in bytes, None while it is not known. `age` is seconds since it was fetched.
    """

    outcome: Outcome
    size: int | None
    held: Held | None = None
    body: bytes | None = None
    follower: Follower | None = None
    age: float = 0.0

    def close(self) -> None:
        """Let go of a fetch under way, read or not."""
        if self.follower is not None:
            self.follower.close()


class KnownAbsent(NotFound):
    """What upstream said a moment ago still stands: a negative hit."""


class Cache:
    """Answers targets from the store, or from the source. `source` and `config` may be replaced at any time.

    `mismatches` counts fetches that were refused because the checksum database says otherwise.
    """

    def __init__(self, store: DiskStore, source: Source, config: CacheConfig) -> None:
        self._store = store
        self.source = source
        self.config = config
        self.mismatches = 0
        self._flights: dict[str, Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._absent: Memo[str, NotFound] = Memo(_REMEMBERED, time.monotonic)
        self._refresh_failed: Memo[str, bool] = Memo(_REMEMBERED, time.monotonic)
        self._suspects: Memo[str, bool] = Memo(_REMEMBERED, time.monotonic)

    def forget_absences(self) -> None:
        """Ask anew for what was absent: the source is another now."""
        self._absent.clear()

    async def get(self, target: Wanted, *, cached_only: bool = False, via: str = "") -> Answer:
        """Answer the target, or raise `SourceError`. `cached_only`: no request leaves for it (Disable-Module-Fetch)."""
        held = await self._store.find(target.key)
        if held:
            if self._is_fresh(target, held):
                return _from_store(Outcome.HIT, held)
            if cached_only:
                return _from_store(Outcome.STALE, held)
            if _age(held) <= self.config.list_ttl + self.config.stale_if_error:
                self._refresh_behind(target, via)
                return _from_store(Outcome.STALE, held)
        absent = self._absent.get(target.key)
        if absent:
            raise KnownAbsent(absent.reason, absent.status)
        if cached_only:
            raise KnownAbsent(f"{target}: not held, and the request asks for what is held only (Disable-Module-Fetch)")
        return await self._await(self._fly(target, via))

    def _is_fresh(self, target: Wanted, held: Held) -> bool:
        return target.immutable or _age(held) <= self.config.list_ttl

    def _fly(self, target: Wanted, via: str) -> Flight:
        flight = self._flights.get(target.key)
        if flight is None:
            flight = Flight(target, streaming=self._suspects.get(target.key) is None)
            self._flights[target.key] = flight
            task = asyncio.create_task(self._run(flight, via), name=f"fetch {target}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return flight

    async def _run(self, flight: Flight, via: str) -> None:
        key = flight.target.key
        started = time.monotonic()
        try:
            await flight.run(self.source, self._store, via, self._is_fresh)
        finally:
            del self._flights[key]
        if flight.error is None:
            self._suspects.forget(key)
            self._refresh_failed.forget(key)
            log.info("fetched %s in %.2f s", flight.target, time.monotonic() - started)
            return
        if isinstance(flight.error, Mismatch):
            self.mismatches += 1
            log.error("SECURITY: %s", flight.error.reason)
        else:
            log.info("not fetched: %s", flight.error.reason)
        if isinstance(flight.error, NotFound):
            self._absent.put(key, flight.error, self.config.not_found_ttl)
            if not flight.target.immutable:
                await self._store.delete(key)
        elif flight.streaming:
            # Readers may have seen a beginning without an end: the next one is told the reason, not a beginning.
            self._suspects.put(key, True, _SUSPECT_SECONDS)

    async def _await(self, flight: Flight) -> Answer:
        flight.enter()
        follower = None
        try:
            await flight.wait_decided()
            if flight.error:
                # A copy: an exception object that many tasks raise would gather all their tracebacks.
                raise copy.copy(flight.error)
            if flight.body is not None:
                return Answer(Outcome.MISS, len(flight.body), body=flight.body)
            if flight.held:
                return Answer(Outcome.MISS, flight.held.size, held=flight.held)
            follower = Follower(flight)
            return Answer(Outcome.MISS, flight.size, follower=follower)
        finally:
            if follower is None:
                flight.leave()

    def _refresh_behind(self, target: Wanted, via: str) -> None:
        if self._refresh_failed.get(target.key) is None:
            # Until it succeeds it counts as failed, so that an outage costs one attempt each pause.
            self._refresh_failed.put(target.key, True, _REFRESH_PAUSE)
            self._fly(target, via)

    async def close(self) -> None:
        """End the fetches under way; what they have is discarded."""
        for task in self._tasks:
            task.cancel()
        for task in list(self._tasks):
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _age(held: Held) -> float:
    return max(0.0, time.time() - held.modified)


def _from_store(outcome: Outcome, held: Held) -> Answer:
    return Answer(outcome, held.size, held=held, body=held.body, age=_age(held))
