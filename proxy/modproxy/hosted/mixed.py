"""Modules of upstreams of which versions are published to the fleet too: for those alone both are asked.

The depot has a mark for each such module, made before its first version is. As long as the depot answers, it is asked
for the mark before anybody else is asked about a module. In an outage of the depot the modules that are known to have a
mark have no answer, because a published version must not silently come from elsewhere; all others go on. What is known
is refreshed every minute, and kept on the disk. A replica that has never known it, and cannot ask, gives no answer. So
the one gap is a module that is published here for the first time within the minute before the depot fails, as seen by
a replica that was not asked for it in between.
"""

import asyncio
import contextlib
import logging
import secrets
from pathlib import Path

from modproxy.bucket.bucket import BucketError
from modproxy.bucket.failure import failure_of
from modproxy.hosted.claim import ALL_MIXED, mixed_path
from modproxy.hosted.shelf import HostedShelf
from modproxy.mod.path import ModulePath

_MOST_MIXED = 20_000
"""Modules: some 2 MB of names, and 20 requests to list them."""
_LARGEST_FILE = 8 << 20

log = logging.getLogger(__name__)


class MixedModules:
    """Knows the marked modules, over all configs. `file` is where their names are kept."""

    def __init__(self, shelf: HostedShelf, file: Path) -> None:
        self.shelf = shelf
        self._file = file
        self._known: set[str] = set()
        self._complete = False
        """Whether all marks of some moment are known."""

    async def has(self, path: ModulePath) -> bool:
        """Say whether versions of a module are published here. Raises `BucketError` where nobody can tell."""
        if path in self._known:
            return True
        try:
            if not await self.shelf.is_mixed(path):
                return False
        except BucketError:
            if self._complete:
                return False
            raise
        await self._learn(path)
        return True

    async def mark(self, path: ModulePath) -> None:
        """Mark a module, before the first version of it is published. Raises `BucketError`."""
        await self.shelf.mark_mixed(path)
        await self._learn(path)

    async def _learn(self, path: ModulePath) -> None:
        if path not in self._known:
            self._known.add(path)
            if self._complete:
                await asyncio.to_thread(self._write, sorted(self._known))

    async def load(self) -> None:
        """Take what a former process has known. Raises nothing."""
        text = await asyncio.to_thread(self._read)
        if text is not None:
            self._known.update(line for line in text.split("\n") if line)
            self._complete = True

    async def refresh(self) -> None:
        """Ask for all marks. Raises `BucketError`."""
        found, more = await self.shelf.depot.list(ALL_MIXED, _MOST_MIXED)
        names = {str(path) for one in found if (path := mixed_path(one.key)) is not None}
        if more:
            log.warning("more than %d modules have versions here and elsewhere: not all are known", _MOST_MIXED)
            self._complete = False
            raise BucketError(failure_of("many"))
        if self._complete and names <= self._known:
            return
        self._known |= names
        self._complete = True
        await asyncio.to_thread(self._write, sorted(self._known))

    def _read(self) -> str | None:
        try:
            return self._file.read_text() if self._file.stat().st_size <= _LARGEST_FILE else None
        except (OSError, ValueError):
            return None

    def _write(self, names: list[str]) -> None:
        draft = self._file.with_name(f"{self._file.name}.{secrets.token_hex(4)}")
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text("".join(f"{name}\n" for name in names))
            draft.replace(self._file)
