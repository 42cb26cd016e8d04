"""Answers requests: with a stored file, with an absence that is remembered, or with a fetch from the source."""

import asyncio
import contextlib
import copy
import logging
import time

from modproxy.cache.answer import Answer, CacheStatus, KnownAbsent
from modproxy.cache.flight import Flight, Follower
from modproxy.cache.freshness import Course, course, is_fresh
from modproxy.cache.memo import Memo
from modproxy.in_force import Rules
from modproxy.request import Request
from modproxy.source.protocol import Mismatch, NotFound
from modproxy.store.protocol import Store, StoredFile, etag_of
from modproxy.threads import Pool

_REMEMBERED = 20_000
_REFRESH_PAUSE = 10.0
"""Seconds between two attempts to refresh an answer whose refresh failed."""
_SUSPECT_SECONDS = 600.0
"""How long after a zip was cut short the same zip is served only after its whole check."""

log = logging.getLogger(__name__)

FlightKey = tuple[str, int]
"""A target's key and the source generation: requests share a fetch only when they have the same source."""


class Cache:
    """Answers each request under the rules that the request began with, and fetches each target once at a time."""

    def __init__(self, store: Store, hashing: Pool) -> None:
        self._store = store
        self._hashing = hashing
        self.mismatches = 0
        """How many fetches were refused because the checksum database says otherwise."""
        self._flights: dict[FlightKey, Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._absent: Memo[FlightKey, NotFound] = Memo(_REMEMBERED, time.monotonic)
        self._refresh_failed: Memo[FlightKey, bool] = Memo(_REMEMBERED, time.monotonic)
        self._suspects: Memo[str, bool] = Memo(_REMEMBERED, time.monotonic)

    async def get(self, request: Request, rules: Rules) -> Answer:
        """Return the answer, which the caller must close.

        Raises `SourceError`; for a remembered absence it is `KnownAbsent`.
        """
        target = request.target
        stored = await self._store.get(target.key)
        match course(request, _age(stored) if stored else None, rules.cache):
            case Course.GIVE if stored:
                return _from_store(CacheStatus.HIT, stored)
            case Course.GIVE_OLD if stored:
                return _from_store(CacheStatus.STALE, stored)
            case Course.GIVE_OLD_AND_REFRESH if stored:
                self._refresh_behind(request, rules)
                return _from_store(CacheStatus.STALE, stored)
        absent = self._absent.get((target.key, rules.source_generation))
        if absent:
            raise KnownAbsent(absent.reason, absent.status)
        if request.cached_only:
            raise KnownAbsent(f"{target}: not held, and the request asks for what is held only (Disable-Module-Fetch)")
        return await self._await(self._fly(request, rules))

    async def read(self, request: Request, rules: Rules) -> bytes:
        """Return a small answer whole, for requests that the proxy makes itself. Raises `SourceError`."""
        body = (await self.get(request, rules)).body
        return body if body is not None else b""

    def _fly(self, request: Request, rules: Rules) -> Flight:
        key = request.target.key, rules.source_generation
        flight = self._flights.get(key)
        if flight is None:
            flight = Flight(request, streaming=self._suspects.get(request.target.key) is None)
            self._flights[key] = flight
            task = asyncio.create_task(self._run(flight, key, rules), name=f"fetch {request.target}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return flight

    async def _run(self, flight: Flight, key: FlightKey, rules: Rules) -> None:
        target = flight.request.target
        begun, started = time.time(), time.monotonic()

        def fresh(stored: StoredFile) -> bool:
            return is_fresh(target, _age(stored), rules.cache)

        try:
            await flight.run(rules.source, self._store, self._hashing, fresh)
        finally:
            del self._flights[key]
        if flight.error is None:
            self._suspects.forget(target.key)
            self._refresh_failed.forget(key)
            log.info("fetched %s in %.2f s", target, time.monotonic() - started)
            return
        if isinstance(flight.error, Mismatch):
            self.mismatches += 1
            log.error("SECURITY: %s", flight.error.reason)
        else:
            log.info("not fetched: %s", flight.error.reason)
        if isinstance(flight.error, NotFound):
            self._absent.put(key, flight.error, rules.cache.not_found_ttl)
            if not target.immutable:
                await self._drop_older(target.key, begun)
        elif flight.streaming:
            # Readers may have got a beginning without its end. The next reader gets the reason, and not a beginning
            # again.
            self._suspects.put(target.key, True, _SUSPECT_SECONDS)

    async def _drop_older(self, key: str, begun: float) -> None:
        """Remove a file that is gone upstream, unless a fetch from another source has published it since `begun`."""
        stored = await self._store.get(key)
        if stored is not None and stored.modified < begun:
            await self._store.delete(key)

    async def _await(self, flight: Flight) -> Answer:
        flight.enter()
        follower = None
        try:
            await flight.wait_decided()
            if flight.error:
                # The error is copied, because an exception that many tasks raise would collect all their tracebacks.
                raise copy.copy(flight.error)
            if flight.body is not None:
                etag = flight.stored.etag if flight.stored else etag_of(flight.body)
                return Answer(CacheStatus.MISS, len(flight.body), body=flight.body, etag=etag)
            if flight.stored:
                return Answer(CacheStatus.MISS, flight.stored.size, stored=flight.stored, etag=flight.stored.etag)
            follower = Follower(flight)
            return Answer(CacheStatus.MISS, flight.size, follower=follower)
        finally:
            if follower is None:
                flight.leave()

    def _refresh_behind(self, request: Request, rules: Rules) -> None:
        key = request.target.key, rules.source_generation
        if self._refresh_failed.get(key) is None:
            # A refresh counts as failed until it succeeds, so that an outage costs one attempt in each pause.
            self._refresh_failed.put(key, True, _REFRESH_PAUSE)
            self._fly(request, rules)

    async def close(self) -> None:
        """End the fetches under way, and discard what they have written."""
        for task in self._tasks:
            task.cancel()
        for task in list(self._tasks):
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _age(stored: StoredFile) -> float:
    return max(0.0, time.time() - stored.modified)


def _from_store(status: CacheStatus, stored: StoredFile) -> Answer:
    return Answer(status, stored.size, body=stored.body, stored=stored, etag=stored.etag, age=_age(stored))
