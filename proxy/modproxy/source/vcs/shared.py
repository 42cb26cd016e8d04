"""What all fetches from version control of one replica share, whichever config they belong to."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from modproxy.source.vcs.mirrors import Mirrors
from modproxy.source.vcs.slots import Slots


class SharedVersionControl:
    """Holds slots, clones, and the folder where workspaces are made.

    Everything lies below `folder`. `capacity` says how many bytes the whole cache may take.
    """

    def __init__(self, folder: Path, capacity: Callable[[], int]) -> None:
        self.slots = Slots()
        self.mirrors = Mirrors(folder / "mirrors", capacity)
        self.workspaces = folder / "direct"
        self._cleaning: asyncio.Task[None] | None = None

    @property
    def used_bytes(self) -> int:
        """The bytes of the clones that are kept, and of the fetches under way."""
        return self.mirrors.used_bytes + self.mirrors.fetching_bytes

    async def clean(self) -> None:
        """Remove what a killed process has left, the first time that this is called."""
        if self._cleaning is None:
            self._cleaning = asyncio.create_task(self._clean())
        await asyncio.shield(self._cleaning)

    async def _clean(self) -> None:
        for folder in (self.workspaces, self.mirrors.folder):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
