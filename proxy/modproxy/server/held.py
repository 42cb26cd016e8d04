"""The action `held`: which versions this replica and the depot (the object store, where there is one) hold.

The answer is a line of JSON for each version (NDJSON), for those that the caller may read, and a last line that says
that it is whole.
"""

import asyncio
import datetime
import json
import os
from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from urllib.parse import parse_qs

from aiohttp import web

from modproxy.bucket.bucket import BucketError
from modproxy.bucket.depot import HOSTED, Depot
from modproxy.cache.answer import CacheStatus
from modproxy.contract.config import Verb
from modproxy.identity.principal import Principal
from modproxy.in_force import Rules
from modproxy.mod.target import Kind, NoSuchTarget, TargetError, parse_target
from modproxy.server.connection import STALLED_SECONDS
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.errors import ErrorAnswer
from modproxy.server.decide.head import SERVER
from modproxy.server.reply import Reply

HELD = "held"
_MOST_FILES = 600_000
"""Files that are looked at: three of each version that goes into one bundle."""
_LINES_AT_ONCE = 1000
_MOST_AT_ONCE = 2
"""Answers that are made or sent at once: each may have the names of 600,000 files in memory."""
_ASK_AGAIN = {"Retry-After": "30"}


class Held:
    """Tells what is held, by the files of `root` and of the depot."""

    proves_itself = False

    def __init__(self, root: Path, depot: Depot, others: Callable[[], int]) -> None:
        """`others` counts the other live replicas."""
        self._root = root
        self._depot = depot
        self._others = others
        self._under_way = 0

    async def reply(self, http: web.BaseRequest, arrival: Arrival, rules: Rules) -> Reply:
        """Send the lines. Raises `CancelledError` and `ConnectionError`."""
        try:
            since = _since(http.query_string)
        except ValueError:
            reason = "bad request: since has to be a time such as 2026-03-01T00:00:00Z"
            return Reply(HELD, CacheStatus.NONE, ErrorAnswer(HTTPStatus.BAD_REQUEST, reason), verb=Verb.READ)
        by = rules.permissions.refuse(arrival.principal, Verb.READ, None)
        if by is not None:
            answer = ErrorAnswer(by.status, by.text)
            return Reply(HELD, CacheStatus.DENIED, answer, by=by, verb=Verb.READ)
        if rules.config.cache.object_store is None and self._others():
            reason = (
                "what is held cannot be told: this fleet has several replicas and no cache.objectStore, and no replica "
                "knows what all of them hold: name the versions by a go.sum file"
            )
            return Reply(HELD, CacheStatus.NONE, ErrorAnswer(HTTPStatus.NOT_IMPLEMENTED, reason), verb=Verb.READ)
        if self._under_way >= _MOST_AT_ONCE:
            reason = f"{_MOST_AT_ONCE} clients are told already what this replica holds: ask again later"
            answer = ErrorAnswer(HTTPStatus.TOO_MANY_REQUESTS, reason, _ASK_AGAIN)
            return Reply(HELD, CacheStatus.NONE, answer, verb=Verb.READ)
        self._under_way += 1
        try:
            return await self._tell(http, arrival, rules, since)
        finally:
            self._under_way -= 1

    async def _tell(self, http: web.BaseRequest, arrival: Arrival, rules: Rules, since: float) -> Reply:
        found: dict[str, float] = {}
        try:
            if self._depot.bucket is not None:
                listed, more = await self._depot.list("", _MOST_FILES)
                found.update((one.key, one.modified) for one in listed)
                if more:
                    return _untold("the depot has more files than are told at once")
            walked = await asyncio.to_thread(lambda: list(islice(_walk(self._root), _MOST_FILES + 1)))
        except BucketError as e:
            return _untold(f"the depot {e.failure.words}")
        except OSError as e:  # its own text has a path of this replica
            return _untold(e.strerror or "the depot does not answer in time")
        if len(walked) > _MOST_FILES:
            return _untold("this replica has more files than are told at once")
        found |= dict(walked)
        may = await asyncio.to_thread(_readable, found, since, arrival.principal, rules)
        headers = {
            "Server": SERVER, "Content-Type": "application/x-ndjson", "Cache-Control": "no-store",
            "X-Request-Id": arrival.id,
        }  # fmt: skip
        response = web.StreamResponse(status=200, headers=headers)
        if http.version >= (1, 1):
            response.enable_chunked_encoding()
        await response.prepare(http)
        for at in range(0, len(may), _LINES_AT_ONCE):
            try:
                async with asyncio.timeout(STALLED_SECONDS):
                    await response.write("".join(may[at : at + _LINES_AT_ONCE]).encode())
            except TimeoutError:
                raise ConnectionResetError("the client reads nothing") from None
        await response.write(json.dumps({"event": "end", "versions": len(may)}).encode() + b"\n")
        await response.write_eof()
        return Reply(HELD, CacheStatus.NONE, response=response, verb=Verb.READ)


def _untold(why: str) -> Reply:
    answer = ErrorAnswer(HTTPStatus.SERVICE_UNAVAILABLE, f"what is held cannot be told: {why}")
    return Reply(HELD, CacheStatus.NONE, answer, verb=Verb.READ)


def _readable(found: dict[str, float], since: float, principal: Principal, rules: Rules) -> list[str]:
    """Return the lines of the versions that the principal may read."""
    lines = _lines(found, since)
    return [line for module, line in lines if Verb.READ in rules.permissions.rights(principal, module)]


def _since(query: str) -> float:
    """Return the time of the query; 0 without one. Raises `ValueError`."""
    values = parse_qs(query, max_num_fields=4).get("since", [])
    return datetime.datetime.fromisoformat(values[0]).timestamp() if values else 0.0


def _walk(root: Path) -> Iterator[tuple[str, float]]:
    """Yield the key and the time of each file of a module. Blocks."""
    for folder, below, names in os.walk(root):
        if folder == str(root):
            below[:] = [name for name in below if not name.startswith(".") and name != "sumdb"]
        for name in names:
            path = Path(folder) / name
            try:
                yield path.relative_to(root).as_posix(), path.stat().st_mtime
            except FileNotFoundError:
                continue


def _lines(found: dict[str, float], since: float) -> Iterator[tuple[str, str]]:
    """Yield the module and the line of each version that has something as new as `since`."""
    versions: dict[tuple[str, str], tuple[set[Kind], float, bool]] = {}
    for key, moment in found.items():
        hosted = key.startswith(HOSTED)
        try:
            target = parse_target(key.removeprefix(HOSTED))
        except (TargetError, NoSuchTarget):
            continue
        if target.kind in (Kind.INFO, Kind.MOD, Kind.ZIP):
            kinds, newest, was = versions.setdefault((target.path, target.version), (set(), 0.0, False))
            kinds.add(target.kind)
            versions[target.path, target.version] = kinds, max(newest, moment), was or hosted
    for (module, version), (kinds, newest, hosted) in sorted(versions.items()):
        if newest < since or Kind.MOD not in kinds:
            continue
        line: dict[str, object] = {"module": module, "version": version, "whole": Kind.ZIP in kinds}
        if hosted:
            stamp = datetime.datetime.fromtimestamp(newest, datetime.UTC)
            line |= {"hosted": True, "published": f"{stamp:%Y-%m-%dT%H:%M:%SZ}"}
        yield module, json.dumps(line) + "\n"
