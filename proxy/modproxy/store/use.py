"""When files were last used. Uses are noted in memory and recorded as access times, so that they survive a restart.

The access times that a file system sets by itself do not suffice: most file systems are mounted with `relatime` or
`noatime`.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path

_RESOLUTION = 600.0
"""A use is recorded only when the last recorded use is more seconds ago than this."""


class Use:
    """Notes which files below `root` are used, until `write_down` records them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._noted: dict[str, float] = {}

    def note(self, key: str, last: float = 0.0) -> None:
        """Note that a file is used now. `last` is its last recorded use, in seconds since the epoch, if it is known."""
        now = time.time()
        if now - last > _RESOLUTION:
            self._noted[key] = now

    def take(self) -> Mapping[str, float]:
        """Return the uses that were noted since the last call, by key, in seconds since the epoch."""
        taken, self._noted = self._noted, {}
        return taken

    def write_down(self, used: Mapping[str, float]) -> None:
        """Record the uses as access times. Blocks for long."""
        for key, when in used.items():
            path = self._root / key
            try:
                status = path.stat()
                if when - status.st_atime > _RESOLUTION:
                    os.utime(path, ns=(int(when * 1e9), status.st_mtime_ns))
            except OSError:
                continue  # the file was removed, or belongs to another user; then it counts as less used
