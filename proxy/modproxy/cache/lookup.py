"""Answers requests: with a stored file, with an absence that is remembered, or with a fetch from the source."""

import asyncio
import contextlib
import copy
import logging
import time
from dataclasses import replace
from http import HTTPStatus

from modproxy.cache.absences import Absences
from modproxy.cache.answer import Answer, CacheStatus, KnownAbsent
from modproxy.cache.flight import Flight, FlightKey, Follower
from modproxy.cache.flights import Flights
from modproxy.cache.freshness import Course, course, is_fresh
from modproxy.cache.memo import Memo
from modproxy.cache.news import News
from modproxy.cache.sharing import alone_if_owner, may_ask_what_is_held
from modproxy.cache.zip_check import ZipChecks
from modproxy.fleet.peers import Peers
from modproxy.in_force import Rules
from modproxy.mod.target import Kind, Target
from modproxy.request import Request
from modproxy.source.protocol import (
    ASK_AGAIN_SECONDS,
    Mismatch,
    NotFound,
    NotHeld,
    OwnTrouble,
    SourceError,
    Tier,
    Unavailable,
    Unpublished,
)
from modproxy.store.protocol import Store, StoredFile

_REMEMBERED = 20_000
_REFRESH_PAUSE = 10.0
"""Seconds between two attempts to refresh an answer whose refresh failed."""
_PATIENCE = 5.0
"""How long a request waits for a newer answer while an old one may be served if upstream fails."""
_WITH_OTHERS_SECONDS = 2.0
"""How long a request waits for a fetch of requests that have passed other fleets: upstreams commonly answer sooner."""
_MOST_FLIGHTS = 1024
"""How many fetches may be under way: each has a connection, an open file or a part of the memory."""
_SUSPECT_SECONDS = 600.0
"""How long after a zip was cut short the same zip is served only after its whole check."""

_BY_TIER = {
    Tier.UPSTREAM: CacheStatus.MISS,
    Tier.PEER: CacheStatus.PEER,
    Tier.OBJECT_STORE: CacheStatus.OBJECT_STORE,
}

log = logging.getLogger(__name__)


class Cache:
    """Answers each request under the rules that the request began with, and fetches each target once at a time."""

    def __init__(self, store: Store, checks: ZipChecks, peers: Peers | None = None) -> None:
        """`peers` are the other replicas of the fleet; None for a replica that shares nothing."""
        self._peers = peers
        self._store = store
        self._checks = checks
        self.mismatches = 0
        """How many fetches were refused because the checksum database says otherwise."""
        self.news = News()
        """What the store has told of its files."""
        store.subscribe(self.news)
        self._flights = Flights()
        self._tasks: dict[Flight, asyncio.Task[None]] = {}
        """The tasks of all fetches, also of those that were abandoned and are about to end."""
        self._newest_source = 0
        """The newest generation of sources from which something was fetched."""
        self._absences = Absences()
        self._refresh_failed: Memo[FlightKey, bool] = Memo(_REMEMBERED, time.monotonic)
        self._suspects: Memo[str, bool] = Memo(_REMEMBERED, time.monotonic)

    async def get(self, request: Request, rules: Rules) -> Answer:
        """Return the answer, which the caller must close.

        Raises `SourceError`; for a remembered absence it is `KnownAbsent`.
        """
        return await self._get(request, rules)

    async def _get(self, request: Request, rules: Rules, *, own: bool = False) -> Answer:
        """Return the answer. `own` says that a fetch under way asks, which the bound of fetches must not refuse."""
        target, moment = request.target, self.news.moment
        stored = await self._admitted(request, rules)
        match course(request, _age(stored) if stored else None, rules.cache):
            case Course.GIVE if stored:
                return _from_store(CacheStatus.HIT, stored)
            case Course.GIVE_OLD if stored:
                return _from_store(CacheStatus.STALE, stored)
            case Course.GIVE_OLD_AND_REFRESH if stored:
                self._refresh_behind(request, rules, moment)
                return _from_store(CacheStatus.STALE, stored)
            case Course.FETCH_OR_GIVE_OLD if stored:
                return await self._newer_or(stored, request, rules, moment)
        self._absences.check(request, rules.source_generation)
        if request.cached_only and not may_ask_what_is_held(request, self._peers, hosted=rules.hosting is not None):
            raise NotHeld(f"{target}: not held, and the request asks for what is held only (Disable-Module-Fetch)")
        return await self._by_another(request, rules) or await self._await(self._fly(request, rules, moment, own=own))

    async def exists(self, request: Request, rules: Rules) -> Answer:
        """Answer a HEAD for a zip: with the stored zip, or without a body when only the version is known to exist.

        No zip is fetched, because nobody would read it. Raises `SourceError`.
        """
        target = request.target
        if isinstance(target, Target) and await self._admitted(request, rules) is None:
            info = replace(request, target=Target(target.path, target.version, Kind.INFO))
            (await self.get(info, rules)).close()
            return Answer(CacheStatus.MISS, None)
        return await self.get(request, rules)

    async def read(self, request: Request, rules: Rules) -> bytes:
        """Return a small answer whole, for requests that the proxy makes itself. Raises `SourceError`."""
        answer = await self._get(request, rules, own=True)
        if answer.follower is not None:
            try:
                return b"".join([piece async for piece in answer.follower])
            finally:
                answer.close()
        return answer.body or b"" if answer.stored is None else await self._body(answer.stored)

    async def _admitted(self, request: Request, rules: Rules) -> StoredFile | None:
        """Return the stored file, unless today's rules would not have let it in: then it is fetched anew."""
        stored = await self._store.get(request.target.key)
        return stored if stored is not None and rules.admission.admits(request.target, stored.voucher) else None

    async def _body(self, stored: StoredFile) -> bytes:
        if stored.body is not None:
            return stored.body
        with await self._store.open(stored) as file:
            return await asyncio.to_thread(file.read)

    async def _newer_or(self, stored: StoredFile, request: Request, rules: Rules, moment: int) -> Answer:
        """Wait for a newer answer, and return the stored one if upstream gives none in time."""
        key = request.target.key, rules.source_generation
        old = _from_store(CacheStatus.STALE, stored)
        of_its_own = _of_its_own(request)
        if self._refresh_failed.get(key) is not None and self._flight_of(key, of_its_own) is None:
            return old
        try:
            flight = self._fly(of_its_own, rules, moment)
            flight.kept = True
            async with asyncio.timeout(_PATIENCE):
                return await self._await(flight)
        except TimeoutError:
            self._refresh_failed.put(key, True, _REFRESH_PAUSE)
            log.warning("%s: no answer within %.0f s, the old one is served", request.target, _PATIENCE)
        except Unavailable:
            self._refresh_failed.put(key, True, _REFRESH_PAUSE)
        return old

    async def held(self, request: Request, rules: Rules) -> bytes | None:
        """Return a small answer that is held, however old it is; None when it is not held."""
        stored = await self._admitted(request, rules)
        try:
            return await self._body(stored) if stored is not None else None
        except FileNotFoundError:  # it was removed meanwhile
            return None

    def absence(self, request: Request, rules: Rules) -> KnownAbsent | None:
        """Return the absence that is remembered of a target; None without one."""
        try:
            self._absences.check(request, rules.source_generation)
        except KnownAbsent as e:
            return e
        return None

    async def keep(self, request: Request, body: bytes, voucher: str) -> None:
        """Hold a small answer that the proxy has fetched and proved itself."""
        await self._store.put(request.target.key, body, voucher)

    def outdate(self, beginning: str) -> None:
        """Let absences, and fetches under way of what may change, count no more: they may be older than the news of
        the module whose keys have this beginning.
        """
        self._absences.forget_below(beginning)
        for flight in self._tasks:
            if flight.target.key.startswith(beginning) and not flight.outdated:
                flight.outdated = True
                self._flights.forget(flight)

    async def _by_another(self, request: Request, rules: Rules) -> Answer | None:
        """Wait a little for a fetch whose requests have passed other fleets; None when it does not help.

        So the fleets below this one share a fetch, unless upstream is slow. The wait is short, because that fetch may
        itself wait for the fleet that makes this request.
        """
        key = request.target.key, rules.source_generation
        if request.cached_only:
            return None
        other = self._flights.of_others(key, may_wait=not request.hop)
        if other is None or self._flight_of(key, request) is not None:
            return None
        try:
            async with asyncio.timeout(_WITH_OTHERS_SECONDS):
                return await self._await(other)
        except TimeoutError:
            return None
        except SourceError as e:
            if e.status == HTTPStatus.LOOP_DETECTED:
                return None  # its loop need not be a loop for this request
            raise

    def _fly(self, request: Request, rules: Rules, moment: int, *, own: bool = False) -> Flight:
        """Join the fetch of the target, or begin one. `moment` is that of the lookup before.

        Raises `Unavailable` while there are too many.
        """
        key = request.target.key, rules.source_generation
        flight = self._flight_of(key, request)
        if flight is None:
            request = alone_if_owner(request, self._peers)
            if len(self._tasks) >= _MOST_FLIGHTS and not own:
                reason = f"{request.target}: {_MOST_FLIGHTS} fetches are under way: ask again later"
                raise OwnTrouble(reason, 503, retry_after=ASK_AGAIN_SECONDS)
            streaming = self._suspects.get(request.target.key) is None
            flight = Flight(request, key, streaming=streaming, abandoned=self._abandon)
            task = asyncio.create_task(self._run(flight, rules, moment), name=f"fetch {request.target}")
            self._flights.add(flight)
            self._tasks[flight] = task
            task.add_done_callback(lambda _: self._tasks.pop(flight))
            self._newest_source = max(self._newest_source, rules.source_generation)
        return flight

    def _flight_of(self, key: FlightKey, request: Request) -> Flight | None:
        return self._flights.of(key, alone_if_owner(request, self._peers), may_wait=not request.hop)

    def _abandon(self, flight: Flight) -> None:
        """End a fetch that nobody reads any more. A request that comes now begins a new one."""
        self._flights.forget(flight)
        self._tasks[flight].cancel()
        log.info("not fetched to its end: %s: nobody waits for it any more", flight.target)

    async def _run(self, flight: Flight, rules: Rules, moment: int) -> None:
        target, key = flight.target, flight.key
        begun, started = time.time(), time.monotonic()

        def fresh(stored: StoredFile) -> bool:
            return rules.admission.admits(target, stored.voucher) and is_fresh(target, _age(stored), rules.cache)

        def may_store() -> bool:
            # What an older source says may be older than the stored answer of a newer one.
            newest = rules.source_generation == self._newest_source and not flight.outdated
            return target.immutable or newest

        try:
            come = fresh if self.news.may_have_changed(target.key, moment) else None
            await flight.run(rules.source, self._store, self._checks, come, may_store)
        finally:
            self._flights.forget(flight)
        if flight.error is None:
            self._suspects.forget(target.key)
            self._refresh_failed.forget(key)
            level = logging.INFO if target.kind is Kind.ZIP else logging.DEBUG
            log.log(level, "fetched %s in %.2f s", target, time.monotonic() - started)
            return
        if isinstance(flight.error, NotHeld):
            return
        if isinstance(flight.error, Mismatch):
            self.mismatches += 1
            log.error("SECURITY: %s", flight.error.reason)
        else:
            # An absence is an answer that developers cause and read themselves.
            level = logging.INFO if isinstance(flight.error, NotFound) else logging.WARNING
            told = {"cause": _cause(flight), "target": str(target)}
            log.log(level, "not fetched: %s", flight.error.reason, extra=told)
        if isinstance(flight.error, NotFound) and not flight.outdated and not isinstance(flight.error, Unpublished):
            self._absences.note(flight.request, rules.source_generation, flight.error, rules.cache.not_found_ttl)
            if not target.immutable and not flight.request.via:
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
            status = _BY_TIER[flight.tier]
            if flight.stored:
                stored = flight.stored
                body = stored.body if stored.body is not None else flight.small_zip()
                return Answer(
                    status, stored.size, body=body, stored=stored, etag=stored.etag, voucher=stored.voucher,
                    age=_age_of_fetched(stored, flight), origin=flight.origin,
                )  # fmt: skip
            if flight.body is not None:
                body, etag = flight.body, flight.etag
                voucher, origin = flight.voucher, flight.origin
                return Answer(status, len(body), body=body, etag=etag, voucher=voucher, origin=origin, keep=flight.keep)
            follower = Follower(flight)
            return Answer(
                status, flight.size, follower=follower, voucher=flight.voucher, origin=flight.origin, keep=flight.keep
            )
        finally:
            if follower is None:
                flight.leave()

    def _refresh_behind(self, request: Request, rules: Rules, moment: int) -> None:
        key = request.target.key, rules.source_generation
        if self._refresh_failed.get(key) is None:
            # A refresh counts as failed until it succeeds, so that an outage costs one attempt in each pause.
            self._refresh_failed.put(key, True, _REFRESH_PAUSE)
            with contextlib.suppress(Unavailable):
                self._fly(_of_its_own(request), rules, moment).kept = True

    async def close(self) -> None:
        """End the fetches under way, and discard what they have written."""
        flights = dict(self._tasks)
        for task in flights.values():
            task.cancel()
        for flight, task in flights.items():
            with contextlib.suppress(asyncio.CancelledError):
                await task
            flight.end()  # a task that is cancelled before its first step never runs, and its readers still wait


def _cause(flight: Flight) -> str:
    """Name the trouble that a flight had: that of its source, or the kind of error and the host of the target."""
    cause = flight.error.cause if flight.error is not None else None
    return cause or f"{type(flight.error).__name__} {str(flight.target).partition('/')[0]}"


def _of_its_own(request: Request) -> Request:
    """Return the request of a refresh, which is for everybody, so that no client's Via header may have a say in it."""
    return replace(request, via="")


def _age(stored: StoredFile) -> float:
    return max(0.0, time.time() - stored.modified)


def _age_of_fetched(stored: StoredFile, flight: Flight) -> float:
    """Return the age of an answer that was just fetched: another replica may have fetched it a while ago."""
    return 0.0 if flight.tier is Tier.UPSTREAM else _age(stored)


def _from_store(status: CacheStatus, stored: StoredFile) -> Answer:
    body, etag, voucher = stored.body, stored.etag, stored.voucher
    return Answer(status, stored.size, body=body, stored=stored, etag=etag, voucher=voucher, age=_age(stored))
