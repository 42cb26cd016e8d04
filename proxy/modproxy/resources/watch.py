"""Reads what the machine gives the replica, every few seconds, in a thread."""

import asyncio
import resource
import time
from collections import deque
from pathlib import Path

from modproxy.contract.report_resources import ResourcesState
from modproxy.resources.cgroup import FILES, Container, container_of, own_group, withheld_percent
from modproxy.resources.lateness import LoopLateness
from modproxy.resources.slowness import SlownessJudge

CGROUPS = Path("/sys/fs/cgroup")
_PROC = Path("/proc/self")
_EVERY = 5.0
"""Seconds between two readings."""
_MINUTE = 60.0
_LONGEST_FILE = 64 << 10
"""Bytes of a file of the kernel: the longest, memory.stat, has some 2 KiB."""
_NO_CGROUP = "this machine has no cgroup v2 for the process, which alone tells of CPU limits and memory pressure"


class ResourceWatch:
    """Knows what the machine gives this process. `cgroups` is where cgroup v2 is mounted, `proc` is this process."""

    def __init__(self, cgroups: Path = CGROUPS, proc: Path = _PROC) -> None:
        self._cgroups = cgroups
        self._proc = proc
        self.lateness = LoopLateness()
        self.container: Container | None = None
        """The newest figures of the container; None where nothing tells them."""
        self._past: deque[tuple[float, Container]] = deque()
        self._judge = SlownessJudge()
        self._state = ResourcesState(seconds=0.0, cgroup_missing="nothing was read yet")

    async def run(self) -> None:
        """Read until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY)

    async def look(self) -> None:
        """Read everything once."""
        container, descriptors = await asyncio.to_thread(self._read)
        self._take(container, descriptors, time.monotonic())

    def state(self) -> ResourcesState:
        """Return what was read last."""
        return self._state

    def _read(self) -> tuple[Container | None, int | None]:
        return self._read_container(), self._count_descriptors()

    def _read_container(self) -> Container | None:
        group = own_group(_text(self._proc / "cgroup") or "")
        if group is None:
            return None
        # In a container its own group is usually shown as the root, whatever the process is told of its path.
        for folder in (self._cgroups / group, self._cgroups):
            if (folder / "cgroup.controllers").is_file():
                texts = {name: text for name in FILES if (text := _text(folder / name)) is not None}
                return container_of(texts)
        return None

    def _count_descriptors(self) -> int | None:
        try:
            return max(0, sum(1 for _ in (self._proc / "fd").iterdir()) - 1)  # without the one that lists them
        except OSError:
            return None

    def _take(self, container: Container | None, descriptors: int | None, now: float) -> None:
        self.container = container
        if container is None:
            self._past.clear()
        else:
            self._past.append((now, container))
            while len(self._past) > 1 and now - self._past[1][0] >= _MINUTE:
                self._past.popleft()
        began, before = self._past[0] if self._past else (now, Container())
        figures = container or Container()
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        percents = {name: pressure.percent for name, pressure in figures.pressures.items()}
        state = ResourcesState(
            seconds=round(now - began, 3),
            cgroup_missing=_NO_CGROUP if container is None else None,
            cpu_limit=figures.cpu_limit,
            cpu_withheld_percent=withheld_percent(before, figures, now - began),
            cpu_pressure_percent=percents.get("cpu"),
            memory_pressure_percent=percents.get("memory"),
            io_pressure_percent=percents.get("io"),
            memory_bytes=figures.memory,
            memory_limit_bytes=figures.memory_limit,
            oom_kills=figures.oom_kills,
            open_descriptors=descriptors,
            descriptor_limit=limit if limit != resource.RLIM_INFINITY else None,
            loop_lag_max_seconds=round(self.lateness.longest, 4),
            loop_lag_p99_seconds=round(self.lateness.p99, 4),
        )
        self._state = state.model_copy(update={"slow": self._judge.judge(state, time.time())})


def _text(path: Path) -> str | None:
    """Return the text of a file of the kernel; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_FILE).decode("ascii", "replace")
    except OSError:
        return None
