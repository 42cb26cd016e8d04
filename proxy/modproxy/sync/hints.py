"""What is done when a webhook tells of a tag or a branch: what was known counts no more, and what is new is fetched."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import NoReturn

from modproxy.bucket.bucket import BucketError
from modproxy.cache.changes import Changes
from modproxy.fleet.change import Change
from modproxy.fleet.known_module import MOST_KNOWN, KnownModule, write_known
from modproxy.in_force import Rules
from modproxy.mod.path import ModulePath
from modproxy.mod.pattern import Pattern, first_match
from modproxy.mod.target import Kind, Target
from modproxy.server.obtaining import Outcome
from modproxy.source.protocol import SourceError
from modproxy.store.disk import DiskStore
from modproxy.sync.concerned import Hint, concerned
from modproxy.sync.elsewhere import Elsewhere
from modproxy.sync.events import Push
from modproxy.sync.files import SyncFiles
from modproxy.sync.known import spelled_out, stored_modules

HINT_WORKERS = 4
MOST_HINTS = 1000
"""Hints that wait to be looked at."""
_KNOWN_SECONDS = 60.0
"""How long the modules are remembered that a walk of the disk has found."""
_BUCKET_SECONDS = 3600.0
"""How long the modules are remembered that a listing of the object store has found, where no run lists it anew."""
_TRIES_AFTER = (2.0, 10.0, 60.0)
"""Seconds after which a version is looked for again: a forge may tell of a tag before it gives the tag out."""

log = logging.getLogger(__name__)


class Hints:
    """Takes pushes, and looks at what they concern behind the answer."""

    def __init__(self, files: SyncFiles, store: DiskStore, changes: Changes, elsewhere: Elsewhere) -> None:
        self._elsewhere = elsewhere
        self._files = files
        self._store = store
        self._changes = changes
        self._queue: asyncio.Queue[tuple[Hint, int]] = asyncio.Queue()
        self._waiting: set[Hint] = set()
        self._told: dict[ModulePath, None] = {}
        """Modules of which a webhook told a version that there is."""
        self._stored: dict[ModulePath, KnownModule] = {}
        self._of_peers: dict[ModulePath, KnownModule] = {}
        self._in_bucket: set[ModulePath] = set()
        never = float("-inf")
        self._looked, self._asked_peers, self._asked_bucket = never, never, never
        self._looking, self._asking = asyncio.Lock(), asyncio.Lock()

    async def modules(self, age: float = 0.0, age_of_bucket: float = 0.0) -> dict[ModulePath, KnownModule]:
        """Return the modules that are kept complete, as far as the fleet knows them.

        `age` is how old a walk of the disk, and what other replicas say, may be; in seconds.
        """
        patterns = self._files.patterns
        async with self._asking:
            await self._ask_bucket(patterns, age_of_bucket)
            if time.monotonic() - self._asked_peers >= age:
                self._of_peers = await self._elsewhere.of_peers(patterns)
                self._asked_peers = time.monotonic()
        return _matching(self._of_peers | await self._here(patterns, age), patterns)

    async def known(self) -> bytes:
        """Return what another replica is told of the modules that this one knows by itself."""
        patterns = self._files.patterns
        here = _matching(await self._here(patterns, _KNOWN_SECONDS), patterns)
        return await asyncio.to_thread(write_known, here.values())

    async def _here(self, patterns: Sequence[Pattern], age: float) -> dict[ModulePath, KnownModule]:
        async with self._looking:
            if time.monotonic() - self._looked >= age:
                self._stored = await asyncio.to_thread(stored_modules, self._store.root, patterns)
                self._looked = time.monotonic()
        found = {path: KnownModule(path) for path in (*spelled_out(patterns), *self._told, *self._in_bucket)}
        return found | self._stored

    async def _ask_bucket(self, patterns: Sequence[Pattern], age: float) -> None:
        if time.monotonic() - self._asked_bucket < age:
            return
        self._asked_bucket = time.monotonic()
        try:
            self._in_bucket = await self._elsewhere.of_bucket(patterns)
        except (BucketError, TimeoutError) as e:
            log.warning("the modules in the object store are not known: %s", e or "it takes too long to list them")

    async def take(self, push: Push, _rules: Rules) -> tuple[Hint, ...] | None:
        """Take up a push. Returns what it concerns; None where there is no room for it."""
        known = await self.modules(_KNOWN_SECONDS, _BUCKET_SECONDS)
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
            if len(self._told) < MOST_KNOWN:
                self._told[hint.path] = None
            others = (Target(hint.path, hint.version, kind) for kind in (Kind.MOD, Kind.ZIP))
            await asyncio.gather(*map(self._files.file, others))
        try:
            await self._files.versions(hint.path)
        except SourceError as e:
            log.warning("%s: its list cannot be had: %s", hint.path, e.reason)
        return False


def _matching(found: Mapping[ModulePath, KnownModule], patterns: Sequence[Pattern]) -> dict[ModulePath, KnownModule]:
    return {path: one for path, one in found.items() if first_match(patterns, path) is not None}
