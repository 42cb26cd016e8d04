"""The runs of the schedule: each fetches what is missing of the modules that this replica owns, newest versions first.

One run begins after the other has ended. What a replica that dies has not done is done by the next run, of this replica
or of the new owner. A run ends before the cache would evict files for what it fetches.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from modproxy.cache.changes import Changes
from modproxy.cache.memo import Memo
from modproxy.contract.report import SyncState
from modproxy.facts.small_file import read_small, replace_small
from modproxy.fleet.change import Change
from modproxy.mod.path import ModulePath, escape
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version
from modproxy.server.obtaining import Outcome
from modproxy.source.protocol import SourceError
from modproxy.store.disk import DiskStore
from modproxy.sync.bounds import why_full, why_stopped
from modproxy.sync.due import next_due
from modproxy.sync.files import SyncFiles
from modproxy.sync.hints import Hints

FILES_AT_ONCE = 8
"""Files that sync fetches at once: clients come first."""
_VERSIONS_AT_ONCE = 4
_MOST_MISSING = 20_000
"""Versions that a run has in mind."""
_MOST_PROBLEMS = 16
_GIVEN_UP_SECONDS = 24 * 3600.0
"""How long a version that is listed and is not there is not asked for again: many old tags are no good modules."""
_LOOK_SECONDS = 2.0
"""How often it is looked whether the schedule has changed."""
_SETTLED_SECONDS = 10.0
"""How long what was fetched may take to the disk before the run is judged by what it will take there."""
_STATE = "sync.json"
_WHOLE = (Kind.INFO, Kind.MOD, Kind.ZIP)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """Keeps how one run fares."""

    began: float
    started: float
    """By the monotonic clock."""
    modules: int = 0
    fetched: int = 0
    size: int = 0
    missing: int = 0
    stopped: str | None = None
    problems: list[str] = field(default_factory=list)

    def lacks(self, what: str, why: str, number: int = 1) -> None:
        """Note what is not held after all."""
        self.missing += number
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(f"{what}: {why}")


class Scheduled:
    """Does the runs. `owns` says whether this replica owns a module path."""

    def __init__(
        self, files: SyncFiles, hints: Hints, store: DiskStore, changes: Changes, owns: Callable[[str], bool]
    ) -> None:
        self._files = files
        self._hints = hints
        self._store = store
        self._changes = changes
        self._owns = owns
        self._given_up: Memo[tuple[str, str], str] = Memo(_MOST_MISSING, time.monotonic)
        self._last: _Run | None = None
        self._complete: float | None = None
        self._next: float | None = None

    async def follow(self) -> NoReturn:
        """Do a run each time that one is due, without end."""
        file = self._store.private / _STATE
        last = await asyncio.to_thread(_read_state, file)
        while True:
            config = self._files.rules.config
            schedule = config.sync.schedule if config.sync is not None else None
            if schedule is None:
                self._next = None
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            if self._next is None or last is not None:
                self._next = next_due(schedule, last, time.time(), config.fleet or config.id or "")
            if (wait := self._next - time.time()) > 0:
                await asyncio.sleep(min(wait, _LOOK_SECONDS))
                continue
            last = time.time()
            await self._run(last)
            with suppress(OSError):  # a run is made up once more
                await asyncio.to_thread(replace_small, file, json.dumps({"last": last}).encode())

    async def _run(self, now: float) -> None:
        run = _Run(now, time.monotonic())
        modules = [path for path in await self._hints.modules() if self._owns(escape(path))]
        run.modules = len(modules)
        missing: list[tuple[int, ModulePath, Version]] = []
        for path in modules:
            missing += await self._missing(path, run, room=_MOST_MISSING - len(missing))
        missing.sort(key=lambda one: one[0])  # of each module the newest ones first
        news: dict[ModulePath, None] = {}
        for done in range(0, len(missing), _VERSIONS_AT_ONCE):
            some = missing[done : done + _VERSIONS_AT_ONCE]
            run.stopped = await self._bound(run)
            if run.stopped is not None:
                run.lacks(f"{some[0][1]}@{some[0][2]}", run.stopped, len(missing) - done)
                break
            fetched = await asyncio.gather(*(self._version(path, version, run) for _, path, version in some))
            news |= {path: None for (_, path, _), good in zip(some, fetched, strict=True) if good}
        for path in news:
            await self._changes.changed(Change(path))
            with suppress(SourceError):
                await self._files.versions(path)
        self._last = run
        if not run.missing:
            self._complete = time.time()
        log.info("sync: %d modules, %d versions fetched, %d missing", run.modules, run.fetched, run.missing)

    async def _missing(self, path: ModulePath, run: _Run, room: int) -> list[tuple[int, ModulePath, Version]]:
        try:
            versions = await self._files.versions(path)
        except SourceError as e:
            run.lacks(path, e.reason.partition("\n")[0])
            return []
        found: list[tuple[int, ModulePath, Version]] = []
        for rank, version in enumerate(versions or ()):
            if len(found) >= room:
                break
            if (why := self._given_up.get((path, version))) is not None:
                run.lacks(f"{path}@{version}", why)
            elif any([await self._store.look(Target(path, version, kind).key) is None for kind in _WHOLE]):
                found.append((rank, path, version))
        return found

    async def _bound(self, run: _Run) -> str | None:
        percent = self._files.rules.cache.low_watermark_percent
        # What is on its way to the disk counts, and what others have been promised may never come.
        held = self._store.used_bytes
        if why_full(held, self._store.capacity(), percent) is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_SETTLED_SECONDS):
                    await self._store.settle()
                    held = self._store.held_bytes
        full = why_full(held, self._store.capacity(), percent)
        return full or why_stopped(run.fetched, run.size, time.monotonic() - run.started)

    async def _version(self, path: ModulePath, version: Version, run: _Run) -> bool:
        for kind in _WHOLE:
            found = await self._files.file(Target(path, version, kind))
            if not found.outcome.good:
                reason = found.reason.partition("\n")[0]
                run.lacks(f"{path}@{version}", reason)
                if found.outcome is Outcome.ABSENT:
                    self._given_up.put((path, version), reason, _GIVEN_UP_SECONDS)
                return False
            run.size += found.size if found.outcome is Outcome.FETCHED else 0
        run.fetched += 1
        return True

    def report(self) -> SyncState | None:
        """Return how sync fares; None where the config asks for none."""
        config = self._files.rules.config.sync
        if config is None:
            return None
        last = self._last
        return SyncState(
            schedule=config.schedule or "",
            modules=last.modules if last else 0,
            last_run=last.began if last else None,
            last_complete=self._complete,
            next_run=self._next,
            fetched=last.fetched if last else 0,
            missing=last.missing if last else 0,
            stopped=last.stopped if last else None,
            problems=tuple(last.problems) if last else (),
        )


def _read_state(file: Path) -> float | None:
    try:
        found = json.loads(read_small(file, 1024) or b"{}").get("last")
    except (ValueError, AttributeError):
        return None
    return float(found) if isinstance(found, int | float) else None
