"""What is done when a webhook tells of a tag or a branch: what was known counts no more, and what is new is fetched."""

import asyncio
import logging
import time
from typing import NoReturn

from modproxy.cache.changes import Changes
from modproxy.fleet.change import Change
from modproxy.in_force import Rules
from modproxy.mod.path import ModulePath
from modproxy.mod.target import Kind, Target
from modproxy.server.obtaining import Outcome
from modproxy.source.protocol import SourceError
from modproxy.store.disk import DiskStore
from modproxy.sync.concerned import Hint, KnownModule, concerned
from modproxy.sync.events import Push
from modproxy.sync.files import SyncFiles
from modproxy.sync.known import MOST_MODULES, spelled_out, stored_modules

HINT_WORKERS = 4
MOST_HINTS = 1000
"""Hints that wait to be looked at."""
_KNOWN_SECONDS = 60.0
"""How long the modules are remembered that a walk of the disk has found."""
_TRIES_AFTER = (2.0, 10.0, 60.0)
"""Seconds after which a version is looked for again: a forge may tell of a tag before it gives the tag out."""

log = logging.getLogger(__name__)


class Hints:
    """Takes pushes, and looks at what they concern behind the answer."""

    def __init__(self, files: SyncFiles, store: DiskStore, changes: Changes) -> None:
        self._files = files
        self._store = store
        self._changes = changes
        self._queue: asyncio.Queue[tuple[Hint, int]] = asyncio.Queue()
        self._waiting: set[Hint] = set()
        self._told: dict[ModulePath, None] = {}
        """Modules of which a webhook told a version that there is."""
        self._stored: dict[ModulePath, KnownModule] = {}
        self._looked = float("-inf")

    async def modules(self, age: float = 0.0) -> dict[ModulePath, KnownModule]:
        """Return the modules that are kept complete, as far as they are known; from a walk of at most this age."""
        patterns = self._files.patterns
        if time.monotonic() - self._looked >= age:
            self._stored = await asyncio.to_thread(stored_modules, self._store.root, patterns)
            self._looked = time.monotonic()
        found = {path: KnownModule(path) for path in (*spelled_out(patterns), *self._told)}
        return {path: one for path, one in (found | self._stored).items() if any(p.matches(path) for p in patterns)}

    async def take(self, push: Push, _rules: Rules) -> tuple[Hint, ...] | None:
        """Take up a push. Returns what it concerns; None where there is no room for it."""
        known = await self.modules(_KNOWN_SECONDS)
        hints = concerned(push, known.values(), self._files.patterns)
        if len(self._waiting) + len(hints) > MOST_HINTS:
            return None
        queries: dict[ModulePath, list[str]] = {}
        for hint in hints:
            queries.setdefault(hint.path, []).extend([hint.query] if hint.query else [])
        await asyncio.gather(
            *(self._changes.changed(Change(path, queries=tuple(names))) for path, names in queries.items())
        )
        for hint in hints:
            if not hint.query and hint not in self._waiting:
                self._waiting.add(hint)
                self._queue.put_nowait((hint, 0))
        return hints

    async def follow(self) -> NoReturn:
        """Look at one hint after the other, without end."""
        while True:
            hint, tried = await self._queue.get()
            try:
                if tried:
                    await self._changes.changed(Change(hint.path))  # its absence was remembered
                again = await self._look_at(hint)
            except BaseException:
                self._waiting.discard(hint)
                raise
            if again and tried < len(_TRIES_AFTER):
                later = asyncio.get_running_loop().call_later
                later(_TRIES_AFTER[tried], self._queue.put_nowait, (hint, tried + 1))
            else:
                self._waiting.discard(hint)

    async def _look_at(self, hint: Hint) -> bool:
        """Fetch what a hint tells of: its `.info` first. Returns whether it has to be looked for again."""
        if hint.version is not None:
            found = await self._files.file(Target(hint.path, hint.version, Kind.INFO))
            if not found.outcome.good:
                log.info("a forge told of %s@%s: %s", hint.path, hint.version, found.reason.partition("\n")[0])
                return found.outcome is Outcome.FAILED or (found.outcome is Outcome.ABSENT and hint.known)
            if len(self._told) < MOST_MODULES:
                self._told[hint.path] = None
            others = (Target(hint.path, hint.version, kind) for kind in (Kind.MOD, Kind.ZIP))
            await asyncio.gather(*map(self._files.file, others))
        try:
            await self._files.versions(hint.path)
        except SourceError as e:
            log.warning("%s: its list cannot be had: %s", hint.path, e.reason)
        return False
