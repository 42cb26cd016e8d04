"""Which modules this replica holds: found by a walk of its folder, kept for a while, searched in threads.

The walk enters no folder of versions, so that it takes long for many modules only, and not for many versions. It is
bounded in time and in modules; what it did not reach is told.
"""

import asyncio
import heapq
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modproxy.mod.path import ModulePath, PathError, check_path, escape, unescape
from modproxy.mod.semver_ranges import order_of
from modproxy.mod.target import Kind
from modproxy.mod.version import is_canonical
from modproxy.threads import Pool

MOST_MODULES = 200_000
"""Paths that are kept, some 30 MB."""
_MOST_FOLDERS = 2_000_000
_WALK_SECONDS = 20.0
_SEARCH_SECONDS = 2.0
"""How long the rules are asked about modules for one page: a list of rules may be long."""
_PIECE_SECONDS, _PAUSE_SECONDS = 0.002, 0.001
"""A thread lets the interpreter go so often, and for so long: requests would wait for it otherwise."""
_GOOD_SECONDS = 30.0
"""How long the list is good for."""
_MOST_VERSIONS = 20_000
"""Files of one module's folder that are looked at: more than three times the versions of any real module."""
_VERSIONS = "@v"
_FILES = frozenset([Kind.INFO.value, Kind.MOD.value, Kind.ZIP.value])

MayRead = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Modules:
    """Names the modules of one moment, in the order of the elements of their paths."""

    paths: tuple[str, ...]
    whole: bool
    """Whether the walk came to its end."""


@dataclass(frozen=True, slots=True)
class Page:
    """Carries one page of a search."""

    paths: tuple[str, ...]
    more: bool
    """Whether there are more that match."""
    whole: bool


@dataclass(frozen=True, slots=True)
class HeldVersion:
    """Says what the disk has of one version."""

    version: str
    kinds: frozenset[Kind]
    size: int
    since: float
    """When the first of its files was fetched, in seconds since the epoch."""


class ModuleIndex:
    """Lists and searches the modules below a folder. Its methods do not block the loop."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._clock = clock
        self._pool = Pool("page", 2)
        self._kept: tuple[float, Modules] | None = None
        self._walking: asyncio.Task[Modules] | None = None
        self._ended = threading.Event()

    async def modules(self) -> Modules:
        """Return the modules, as they were at most half a minute ago. All who ask meanwhile wait for one walk."""
        if self._kept is not None and self._clock() - self._kept[0] < _GOOD_SECONDS:
            return self._kept[1]
        if self._walking is None or self._walking.done():
            self._walking = asyncio.create_task(self._walk(), name="walk for the page")
        return await asyncio.shield(self._walking)

    async def _walk(self) -> Modules:
        found = await self._pool.run(walk_modules, self._root, _WALK_SECONDS, self._ended.is_set)
        self._kept = self._clock(), found
        return found

    async def search(self, words: str, may_read: MayRead, page: int, size: int) -> Page:
        """Return the page of the modules whose paths contain the words and that may be read, from page 0."""
        modules = await self.modules()
        return await self._pool.run(_matching, modules, words.lower(), may_read, page * size, size)

    async def versions(self, path: ModulePath, most: int) -> tuple[list[HeldVersion], int]:
        """Return the newest versions that are on the disk, and how many there are."""
        return await self._pool.run(_versions_of, self._root / escape(path) / _VERSIONS, most)

    def close(self) -> None:
        """End the walk that is under way, and the threads."""
        self._ended.set()
        if self._walking is not None:
            self._walking.cancel()
        self._pool.close()


def walk_modules(root: Path, seconds: float, ended: Callable[[], bool] = lambda: False) -> Modules:
    """Find the modules below a folder, in the order of their paths' elements. Blocks for long.

    Each folder is sorted by itself: to sort all paths at once would keep the interpreter from everything else.
    """
    found: list[str] = []
    until, looked, start = time.monotonic() + seconds, 0, os.fspath(root)
    pending = [start]
    pauses = _Pauses()
    while pending:
        pauses.take()
        folder = pending.pop()
        looked += 1
        if looked > _MOST_FOLDERS or len(found) >= MOST_MODULES or time.monotonic() > until or ended():
            return Modules(tuple(found), whole=False)
        try:
            with os.scandir(folder) as entries:
                names = sorted((entry.name for entry in entries if entry.is_dir(follow_symlinks=False)), reverse=True)
        except OSError:
            continue  # it was removed meanwhile, or belongs to another user
        for name in names:
            if name == _VERSIONS:
                path = _path_of(folder[len(start) + 1 :])
                if path:
                    found.append(path)
            elif not name.startswith(".") and not (folder == start and name == "sumdb"):
                pending.append(f"{folder}/{name}")
    return Modules(tuple(found), whole=True)


def _path_of(key: str) -> str:
    try:
        return check_path(unescape(key))
    except PathError:
        return ""


class _Pauses:
    """Lets other threads run."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _PIECE_SECONDS

    def take(self) -> float:
        """Pause, if it is time to. Returns the time."""
        now = time.monotonic()
        if now > self._next:
            time.sleep(_PAUSE_SECONDS)
            now = time.monotonic()
            self._next = now + _PIECE_SECONDS
        return now


def _matching(modules: Modules, words: str, may_read: MayRead, skip: int, size: int) -> Page:
    shown: list[str] = []
    pauses = _Pauses()
    until = time.monotonic() + _SEARCH_SECONDS
    for path in modules.paths:
        if pauses.take() > until:
            return Page(tuple(shown), more=False, whole=False)
        if words not in path.lower() or not may_read(path):
            continue
        if skip:
            skip -= 1
        elif len(shown) < size:
            shown.append(path)
        else:
            return Page(tuple(shown), more=True, whole=modules.whole)
    return Page(tuple(shown), more=False, whole=modules.whole)


def _versions_of(folder: Path, most: int) -> tuple[list[HeldVersion], int]:
    found: dict[str, tuple[set[Kind], int, float]] = {}
    looked = 0
    pauses = _Pauses()

    def order(version: str) -> Any:
        pauses.take()
        return order_of(version)

    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                pauses.take()
                looked += 1
                if looked > _MOST_VERSIONS:
                    break
                stem, dot, kind = entry.name.rpartition(".")
                version = _version_of(stem) if dot and kind in _FILES else ""
                if not version:
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                kinds, size, since = found.setdefault(version, (set(), 0, status.st_mtime))
                kinds.add(Kind(kind))
                found[version] = kinds, size + status.st_size, min(since, status.st_mtime)
    except OSError:
        return [], 0
    newest = heapq.nlargest(most, found, key=order)
    return [HeldVersion(v, frozenset(found[v][0]), found[v][1], found[v][2]) for v in newest], len(found)


def _version_of(name: str) -> str:
    """Return the canonical version of a file's name; nothing for the answer to a query."""
    try:
        version = unescape(name)
    except PathError:
        return ""
    return version if is_canonical(version) else ""
