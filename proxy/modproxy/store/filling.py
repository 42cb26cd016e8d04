"""The filling of an object store with what the disk holds: once, when the store is new to this replica, and again after
a journal that was full. It goes behind everything else: it waits while there is other work, or while the store fails.
"""

import asyncio
import itertools
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from modproxy.store.disk import DiskStore
from modproxy.store.journal import Journal
from modproxy.store.tree import is_dirhash, key_of, walk

_AHEAD = 200
"""How many files may wait that were found: those that were just published come first."""
_LOOK_SECONDS = 1.0
_WAIT_SECONDS = 0.1

log = logging.getLogger(__name__)


class Writer(Protocol):
    """Writes files to the object store."""

    @property
    def journal(self) -> Journal | None:
        """The journal of the object store that the config names; None without one."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether there is other work to do first, or the object store takes nothing."""
        ...

    def add_found(self, key: str) -> None:
        """Have a file written that the disk has."""
        ...

    def waits(self, key: str) -> bool:
        """Say whether a file is still to be written."""
        ...


class Filling:
    """Goes through the files of the disk."""

    def __init__(self, store: DiskStore, writer: Writer) -> None:
        self._store = store
        self._writer = writer

    async def run(self) -> None:
        """Fill whatever object store is not filled, without end."""
        while True:
            journal = self._writer.journal
            if journal is not None and not journal.filled and self._store.counted and not self._writer.is_busy:
                await self._fill(journal)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _fill(self, journal: Journal) -> None:
        files, ahead, dropped = walk(self._store.root), list[str](), journal.dropped
        while batch := await asyncio.to_thread(_keys_of, self._store.root, files):
            for key in batch:
                self._writer.add_found(key)
            ahead += batch
            if not await self._until_written(journal, ahead, most=_AHEAD):
                return
        if await self._until_written(journal, ahead, most=0) and journal.dropped == dropped:
            journal.note_filled(filled=True)
            log.info("what the disk holds is in the object store")

    async def _until_written(self, journal: Journal, ahead: list[str], *, most: int) -> bool:
        """Wait until at most so many wait. Returns False where the config names another object store meanwhile."""
        while True:
            if journal is not self._writer.journal:
                return False
            ahead[:] = [key for key in ahead if self._writer.waits(key)]
            if len(ahead) <= most and not self._writer.is_busy:
                return True
            await asyncio.sleep(_WAIT_SECONDS)


def _keys_of(root: Path, files: Iterator[os.DirEntry[str]]) -> list[str]:
    found = (key_of(root, entry) for entry in files)
    return list(itertools.islice((key for key in found if not is_dirhash(key)), _AHEAD))
