"""The action `prefetch`: all that a go.mod or a go.sum file names is fetched, and the client is told as it goes.

Each file is decided on as a GET of the same principal, so nothing comes into the fleet that this principal could not
make it fetch. The answer is a line of JSON for each thing that has happened (NDJSON). What the fleet holds is passed
quickly, so a prefetch that broke off is sent again. The work ends when its client leaves.
"""

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from aiohttp import web

from modproxy.audit.auditor import Auditor
from modproxy.cache.answer import CacheStatus
from modproxy.contract.config import Verb
from modproxy.in_force import Rules
from modproxy.mod.target import Kind, Target
from modproxy.mod.wanted import Wanted, WantedError, WantedList, read_wanted
from modproxy.server.actions import BodyError, read_body, web_page
from modproxy.server.audited import entry_of
from modproxy.server.connection import STALLED_SECONDS
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.server.decide.head import SERVER
from modproxy.server.decide.refusals import Refusal, refusal_by
from modproxy.server.obtaining import Obtained, Obtainer, Outcome
from modproxy.server.reply import Reply

PREFETCH = "prefetch"
MOST_FILES = 64
"""Files of all prefetches of a replica that are fetched at once: a part of the 1024 fetches that clients share."""
_MOST_BYTES = 4 << 20
"""Of the body: a go.sum of 10,000 versions has two."""
_MOST_PREFETCHES = 8
"""At once in a replica. Each keeps its list in memory, and a fleet is filled no faster by more."""
_VERSIONS_AT_ONCE = 32
_MOST_LINES = 1000
"""Lines that wait for the client. While there are more, nothing more is fetched."""
_TELL_SECONDS = 0.5
"""How often the progress is told while bytes come."""
_ALIVE_SECONDS = 10.0
"""How often it is told while none come, so that nobody on the way takes the connection for dead."""
_ASK_AGAIN = {"Retry-After": "10"}

log = logging.getLogger(__name__)


class Prefetch:
    """Carries out prefetches. `refused` counts the refusal of a policy, and says whether it is in force.

    `draining` says whether the replica is about to end.
    """

    proves_itself = False

    def __init__(
        self, obtainer: Obtainer, auditor: Auditor, refused: Callable[[Refusal], bool], draining: Callable[[], bool]
    ) -> None:
        self._obtainer = obtainer
        self._auditor = auditor
        self._refused = refused
        self._draining = draining
        self._under_way = 0
        self.counts: Counter[str] = Counter()
        """What came of files, by outcome, for metrics."""

    async def reply(self, http: web.BaseRequest, arrival: Arrival, rules: Rules) -> Reply:
        """Fetch what the body names, and tell of it. Raises `CancelledError`, `ConnectionError` and `BodyError`."""
        if page := web_page(http):
            return _error(HTTPStatus.FORBIDDEN, page)
        by = rules.permissions.refuse(arrival.principal, Verb.FETCH, None)
        if by is not None and self._refused(refusal := refusal_by(by, None, rules)):
            return Reply(PREFETCH, CacheStatus.DENIED, refusal.error, by=by, verb=Verb.FETCH)
        if self._under_way >= _MOST_PREFETCHES:
            reason = f"{_MOST_PREFETCHES} prefetches are under way in this replica: ask again later"
            raise BodyError(ErrorAnswer(HTTPStatus.TOO_MANY_REQUESTS, reason, _ASK_AGAIN))
        self._under_way += 1
        try:
            body = await read_body(http, _MOST_BYTES)
            try:
                found = await asyncio.to_thread(read_wanted, body)
            except WantedError as e:
                return _error(HTTPStatus.BAD_REQUEST, f"bad request: {e}")
            del body
            run = _Run(self, http, arrival, rules, found)
            return Reply(PREFETCH, CacheStatus.NONE, response=await run.carry_out(), verb=Verb.FETCH)
        finally:
            self._under_way -= 1

    @property
    def ends(self) -> bool:
        """Whether the replica is about to end, so that nothing more is begun."""
        return self._draining()

    async def obtain(
        self, http: web.BaseRequest, arrival: Arrival, rules: Rules, came: Callable[[int], None]
    ) -> Obtained:
        """Have one file fetched, and write it into the audit log."""
        begun = time.perf_counter()
        found = await self._obtainer.obtain(arrival, rules, came)
        self.note(http, arrival, found, time.perf_counter() - begun)
        return found

    def note(self, http: web.BaseRequest, arrival: Arrival, found: Obtained, seconds: float) -> None:
        """Write what came of a file into the audit log."""
        if self._auditor.on:
            self._auditor.add(entry_of(http, arrival, found.reply, code=found.status, sent=0, seconds=seconds))


class _Run:
    """Is one prefetch."""

    def __init__(
        self, prefetch: Prefetch, http: web.BaseRequest, arrival: Arrival, rules: Rules, found: WantedList
    ) -> None:
        self._prefetch = prefetch
        self._http = http
        self._arrival = replace(arrival, method="GET", action="", cached_only=False)
        self._rules = rules
        self._list = found
        self._waiting = iter(found.wanted)
        self._lines: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(_MOST_LINES)
        self._counts: Counter[Outcome] = Counter()
        self._bytes = 0
        self._interrupted = False

    async def carry_out(self) -> web.StreamResponse:
        """Do all of it, and return the response, which is sent."""
        headers = {
            "Server": SERVER, "Content-Type": "application/x-ndjson", "Cache-Control": "no-store",
            "X-Request-Id": self._arrival.id, "X-Accel-Buffering": "no",
        }  # fmt: skip
        response = web.StreamResponse(status=200, headers=headers)
        if self._http.version >= (1, 1):
            response.enable_chunked_encoding()
        await response.prepare(self._http)
        begun = time.monotonic()
        found = self._list
        await self._lines.put(
            {"event": "start", "source": found.source, "versions": len(found.wanted), "files": found.files}
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(response))
                await self._work()
                await self._lines.put(self._end(time.monotonic() - begun))
                await self._lines.put(None)
        except* ConnectionError:
            if self._http.transport is not None:
                self._http.transport.abort()  # what the client got has no end
            raise ConnectionResetError("the client has left") from None
        await response.write_eof()
        return response

    def _end(self, seconds: float) -> dict[str, Any]:
        line: dict[str, Any] = {"event": "end", **self._progress(), "seconds": round(seconds, 3)}
        line |= {outcome.value: self._counts[outcome] for outcome in Outcome}
        line["complete"] = not self._interrupted and all(outcome.good for outcome in self._counts)
        if self._interrupted:
            line["reason"] = "this replica ends: send the file again, and another one goes on"
        return line

    def _progress(self) -> dict[str, Any]:
        return {"files": sum(self._counts.values()), "bytes": self._bytes}

    async def _work(self) -> None:
        for one in self._list.skipped:
            await self._lines.put(
                {"event": "skipped", "module": one.path, "version": one.version, "reason": one.reason}
            )
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_VERSIONS_AT_ONCE, len(self._list.wanted))):
                group.create_task(self._some())

    async def _some(self) -> None:
        for one in self._waiting:
            if self._prefetch.ends:
                self._interrupted = True
                return
            await self._version(one)

    async def _version(self, one: Wanted) -> None:
        """Fetch one version: the smallest file first, because the others are in vain where it is not to be had."""
        first, *others = sorted(one.kinds, key=[Kind.MOD, Kind.INFO, Kind.ZIP].index)
        found = await self._file(one, first, others=len(others))
        if found.outcome.good and others:
            async with asyncio.TaskGroup() as group:
                for kind in others:
                    group.create_task(self._file(one, kind))

    async def _file(self, one: Wanted, kind: Kind, *, others: int = 0) -> Obtained:
        """Fetch one file. `others` of its version count as this one does where it is not to be had."""
        arrival = replace(self._arrival, target=Target(one.path, one.version, kind))
        found = await self._prefetch.obtain(self._http, arrival, self._rules, self._came)
        wanted = {Kind.MOD: one.mod_hash, Kind.ZIP: one.zip_hash}.get(kind, "")
        if found.outcome.good and wanted and found.hash and found.hash != wanted:
            found = self._differs(arrival, found, wanted)
        number = 1 if found.outcome.good else 1 + others
        self._counts[found.outcome] += number
        self._prefetch.counts[found.outcome.value] += number
        line: dict[str, Any] = {"event": "file", "module": one.path, "version": one.version, "file": kind.value}
        line |= {"outcome": found.outcome.value, "bytes": found.size}
        if not found.outcome.good:
            line |= {"status": found.status, "reason": found.reason, "files": number}
        await self._lines.put(line)
        return found

    def _came(self, size: int) -> None:
        self._bytes += size

    def _differs(self, arrival: Arrival, found: Obtained, wanted: str) -> Obtained:
        """Tell of a file that is held, verified, and not what the client's go.sum says."""
        reason = f"the fleet has {found.hash}, and go.sum says {wanted}: one of them was changed, so build with neither"
        log.error("SECURITY: %s: %s", found.target, reason)
        reply = replace(found.reply, mismatch=True)
        self._prefetch.note(self._http, arrival, replace(found, reply=reply, status=409), 0.0)
        return replace(found, outcome=Outcome.MISMATCH, status=409, reason=reason, reply=reply)

    async def _write(self, response: web.StreamResponse) -> None:
        """Send the lines, and how far the work is. Raises `ConnectionError`."""
        told, told_at = 0, time.monotonic()
        while True:
            lines: list[dict[str, Any] | None] = []
            try:
                async with asyncio.timeout(_TELL_SECONDS):
                    lines.append(await self._lines.get())
            except TimeoutError:
                pass
            while not self._lines.empty():
                lines.append(self._lines.get_nowait())
            ended = bool(lines) and lines[-1] is None
            now = time.monotonic()
            due = self._bytes != told and now >= told_at + _TELL_SECONDS
            if not ended and (due or now >= told_at + _ALIVE_SECONDS):
                told, told_at = self._bytes, now
                lines.append({"event": "progress", **self._progress()})
            if text := "".join(f"{json.dumps(line)}\n" for line in lines if line is not None):
                try:
                    async with asyncio.timeout(STALLED_SECONDS):
                        await response.write(text.encode())
                except TimeoutError:
                    raise ConnectionResetError("the client reads nothing") from None
            if ended:
                return


def _error(status: int, reason: str) -> Reply:
    return Reply(PREFETCH, CacheStatus.NONE, ErrorAnswer(status, reason), verb=Verb.FETCH)
