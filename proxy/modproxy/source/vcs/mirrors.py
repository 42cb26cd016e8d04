"""Clones of repositories that are kept between fetches, so that the history of a repository is fetched once.

A clone is what the go command makes in its module cache: a bare repository in a folder that is named for its URL. A
fetch takes clones out of the pool, by rename, into its own module cache, and brings them back at its end, also by
rename. So a clone has one user at a time, and a fetch that is killed in the middle leaves no broken clone behind: only
fetches that end in good order bring anything back.

Clones belong to exactly the credentials with which they were made (`Wallet.identity`): a fetch with others, or with
none, never sees them. They may take `SHARE` of what the cache may take, and the least recently used ones go first. None
outlives the process, because nothing on the disk says which credentials one belongs to.

What is in a clone never answers alone. Before a fetch its branches and tags are put aside (`put_refs_aside`): the go
command then asks the host which there are now, and finds the objects of those that it knows already.
"""

import asyncio
import logging
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from modproxy.source.vcs.clone_folders import clones_in, move, remove, size_of_tree

SHARE = 0.1
"""The part of the cache's capacity that clones may take besides the stored files: a clone has the whole history of a
module, and helps only until its versions are stored.
"""
_MOST_OF_FETCHES = 0.5
"""The part of the cache's capacity that all fetches together may take while they run, each with its clone and its
unpacked module: the other half is for what is stored.
"""
_LEAST_FREE, _ENOUGH_FREE = 0.05, 1 << 30
"""The part of the file system that stays free, or so many bytes where that is less: a laptop's disk is often nearly
full. With less, no clone is kept, and the largest fetch is ended.
"""
_MOST_USES = 500
"""After so many fetches a clone is made anew, because each fetch adds a pack, and git looks through all of them."""
_MOST_PATHS = 20_000
"""Module paths whose repositories are remembered."""

log = logging.getLogger(__name__)


class Usage(Protocol):
    """Says how many bytes a file system has, and how many of them are free."""

    @property
    def total(self) -> int:
        """All bytes."""
        ...

    @property
    def free(self) -> int:
        """The bytes that are free for this process."""
        ...


class TooLarge(Exception):
    """A fetch takes more room than clones may take."""


@dataclass(slots=True)
class _Clone:
    name: str
    """Of its folder."""
    size: int = 0
    used: int = 0
    """Numbers of uses: the larger one was later."""
    uses: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    kept: bool = False
    """Whether it lies in the pool now."""


class Mirrors:
    """Keeps clones below `folder`. `capacity` says how many bytes the whole cache may take.

    `usage` says how much of a folder's file system is free, as `shutil.disk_usage` does.
    """

    def __init__(
        self, folder: Path, capacity: Callable[[], int], usage: Callable[[Path], Usage] = shutil.disk_usage
    ) -> None:
        self.folder = folder
        self._capacity = capacity
        self._usage = usage
        self.salt = secrets.token_bytes(16)
        """Makes the names of credentials mean nothing elsewhere."""
        self.used_bytes = 0
        """The bytes of all clones in the pool."""
        self._clones: dict[tuple[str, str], _Clone] = {}
        """By the name of the credentials, and the name of the clone's folder."""
        self._of_path: dict[tuple[str, str], str] = {}
        """The clone's name by the name of the credentials and a module path."""
        self._fetches: dict[Path, int] = {}
        """How many bytes each fetch under way takes, by its folder."""
        self._uses = 0

    @property
    def fetching_bytes(self) -> int:
        """The bytes of all fetches under way, as they were measured last."""
        return sum(list(self._fetches.values()))  # threads change it meanwhile

    @property
    def limit(self) -> int:
        """How many bytes clones may take."""
        return int(self._capacity() * SHARE)

    def check_size(self, folder: Path) -> None:
        """Look how much room a fetch takes. Blocks; raises `TooLarge` for the largest fetch when all take too much."""
        self._fetches[folder] = size = size_of_tree(folder)
        sizes = list(self._fetches.values())
        too_much = sum(sizes) > self._capacity() * _MOST_OF_FETCHES or self._is_scarce(folder)
        if too_much and size == max(sizes):
            raise TooLarge

    def _is_scarce(self, folder: Path) -> bool:
        usage = self._usage(folder)
        return usage.free < min(usage.total * _LEAST_FREE, _ENOUGH_FREE)

    def forget_size(self, folder: Path) -> None:
        """Forget a fetch that has ended."""
        self._fetches.pop(folder, None)

    @asynccontextmanager
    async def lent(self, identity: str, path: str, into: Path, *, patience: float) -> AsyncIterator["Loan"]:
        """Put the clone for a module path into the module cache's folder `into`, if there is one.

        Another fetch may be using it: then this one waits for it for `patience` seconds, and then goes without a clone.
        `Loan.return_all` has to be called when the fetch has ended in good order. Raises `OSError`.
        """
        clone = self._find(identity, path)
        if clone is None or not await _acquired(clone.lock, patience):
            yield Loan(self, identity, path, into, None)
            return
        try:
            lent = clone.kept and await self._hand_out(identity, clone, into)
            try:
                yield Loan(self, identity, path, into, clone.name if lent else None)
            finally:
                if not clone.kept and self._clones.get((identity, clone.name)) is clone:
                    del self._clones[identity, clone.name]
        finally:
            clone.lock.release()

    async def _hand_out(self, identity: str, clone: _Clone, into: Path) -> bool:
        """Move a clone out of the pool. Says whether that worked. The caller holds its lock."""
        clone.kept = False
        self.used_bytes -= clone.size
        try:
            await asyncio.to_thread(move, self._place(identity), into, clone.name)
        except OSError as e:
            log.warning("version control: a clone cannot be used: %s", e.strerror)
            return False
        return True

    def _find(self, identity: str, path: str) -> _Clone | None:
        """Return the clone that the path came from before, or else a path above it."""
        elements = path.split("/")
        for n in range(len(elements), 0, -1):
            name = self._of_path.get((identity, "/".join(elements[:n])))
            if name is not None and (clone := self._clones.get((identity, name))) is not None:
                return clone
        return None

    def _place(self, identity: str) -> Path:
        return self.folder / identity

    async def keep(self, identity: str, path: str, into: Path, lent: str | None) -> None:
        """Take the clones of a fetch that has ended in good order into the pool, and evict others. Raises `OSError`."""
        for name, size in await asyncio.to_thread(clones_in, into):
            self._remember(identity, path, name)
            known = self._clones.setdefault((identity, name), _Clone(name))
            if name == lent:
                if known.uses < _MOST_USES:
                    await self._take_in(identity, known, into, size)
            elif not known.lock.locked():  # otherwise another fetch is using one
                async with known.lock:
                    if not known.kept or known.size < size:
                        await self._take_in(identity, known, into, size)
        await self.evict()

    async def evict(self) -> None:
        """Remove the least recently used clones until the others fit."""
        limit = 0 if self.used_bytes and await asyncio.to_thread(self._is_scarce, self.folder) else self.limit
        idle = [(key, clone) for key, clone in self._clones.items() if clone.kept and not clone.lock.locked()]
        for (identity, name), clone in sorted(idle, key=lambda entry: entry[1].used):
            if self.used_bytes <= limit:
                return
            del self._clones[identity, name]
            await self._discard(identity, clone)

    async def _take_in(self, identity: str, clone: _Clone, into: Path, size: int) -> None:
        """Move a clone into the pool. The caller holds its lock."""
        if clone.kept:
            await self._discard(identity, clone)
        await asyncio.to_thread(move, into, self._place(identity), clone.name)
        self._uses += 1
        clone.uses += 1
        clone.size, clone.used, clone.kept = size, self._uses, True
        self.used_bytes += size

    async def _discard(self, identity: str, clone: _Clone) -> None:
        clone.kept = False
        self.used_bytes -= clone.size
        await asyncio.to_thread(remove, self._place(identity), clone.name)

    def _remember(self, identity: str, path: str, name: str) -> None:
        self._of_path.pop((identity, path), None)
        self._of_path[identity, path] = name
        while len(self._of_path) > _MOST_PATHS:
            del self._of_path[next(iter(self._of_path))]


@dataclass(frozen=True, slots=True)
class Loan:
    """Stands for the clones of one fetch. `name` is that of the clone which the fetch got; None without one."""

    mirrors: Mirrors
    identity: str
    path: str
    into: Path
    name: str | None

    @property
    def folder(self) -> Path | None:
        """The clone's folder; None without one."""
        return self.into / self.name if self.name else None

    async def return_all(self) -> None:
        """Give the pool what the fetch has. Raises `OSError`."""
        await self.mirrors.keep(self.identity, self.path, self.into, self.name)


async def _acquired(lock: asyncio.Lock, patience: float) -> bool:
    if not lock.locked():
        return await lock.acquire()
    if not patience:
        return False
    try:
        async with asyncio.timeout(patience):
            return await lock.acquire()
    except TimeoutError:
        return False
