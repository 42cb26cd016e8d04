"""When files were last used: remembered in memory, and written down as access times, so that it survives a restart.

The file system's own access times cannot be relied on: most are mounted with `relatime` or `noatime`.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path

_RESOLUTION = 600.0
"""Seconds: a file that was used that recently is not written down again."""


class Use:
    """Notes which files below `root` are used, until somebody writes that down."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._noted: dict[str, float] = {}

    def note(self, key: str, last: float) -> None:
        """Note that a file is used now; `last` is the use that is written down, in seconds since the epoch."""
        now = time.time()
        if now - last > _RESOLUTION:
            self._noted[key] = now

    def take(self) -> Mapping[str, float]:
        """Return what was noted since the last call, by key."""
        taken, self._noted = self._noted, {}
        return taken

    def write_down(self, used: Mapping[str, float]) -> None:
        """Set the access times. Blocks for long."""
        for key, when in used.items():
            path = self._root / key
            try:
                os.utime(path, ns=(int(when * 1e9), path.stat().st_mtime_ns))
            except OSError:
                continue  # the file has gone, or is not ours to touch: it only counts as less used
