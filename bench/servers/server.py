"""A server that runs, and what can be started as one."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.machine.cores import CORES
from bench.machine.processes import cpu_seconds, rss_mib

_QUIET = 0.3
"""Seconds without processor time after which nothing is expected to be under way."""
_LONGEST_WORK_BEHIND = 20.0
"""Seconds. A server that is never quiet is measured all the same."""


@dataclass(frozen=True, slots=True)
class Server:
    """Names a running server. Figures are of the whole process tree below `pid`."""

    name: str
    url: str
    pid: int
    store: Path
    """The folder with the files that it holds."""

    @property
    def cpu_seconds(self) -> float:
        """The processor time that it has used since its start."""
        return cpu_seconds(self.pid)

    @property
    def rss_mib(self) -> float:
        """Its resident memory now."""
        return rss_mib(self.pid)

    @property
    def peak_mib(self) -> float:
        """The most resident memory that it had since its start."""
        return rss_mib(self.pid, "VmHWM")

    async def quiet(self) -> float:
        """Wait until work behind the answers is done, and return the processor time used since the start."""
        used = self.cpu_seconds
        for _ in range(int(_LONGEST_WORK_BEHIND / _QUIET)):
            await asyncio.sleep(_QUIET)
            before, used = used, self.cpu_seconds
            # A timer or a probe may take a clock tick of 10 ms.
            if used - before <= 0.01:
                break
        return used


@dataclass(frozen=True, slots=True)
class Upstream:
    """Names a running upstream, and the checksum database that it has, in the syntax of GOSUMDB (`off`: none)."""

    url: str
    database: str


class Contender(Protocol):
    """Stands for a caching proxy that can be started with an empty cache."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def serve(
        self, folder: Path, upstream: Upstream, core: int | None = CORES.server
    ) -> AbstractAsyncContextManager[Server]:
        """Run it on a core; None: on all. All that it writes goes below the folder, which is made anew."""
        ...
