"""The figures of a container, from the texts of the files of cgroup v2. Pure.

Source: "Control Group v2" of the kernel's documentation. A file that is absent or unlike what is documented tells
nothing: the root of all groups lacks most of them, and kernels without PSI lack those of pressure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

CPU_MAX, CPU_STAT = "cpu.max", "cpu.stat"
MEMORY_CURRENT, MEMORY_MAX, MEMORY_EVENTS, MEMORY_STAT = "memory.current", "memory.max", "memory.events", "memory.stat"
PRESSURES = {"cpu": "cpu.pressure", "memory": "memory.pressure", "io": "io.pressure"}
FILES = (CPU_MAX, CPU_STAT, MEMORY_CURRENT, MEMORY_MAX, MEMORY_EVENTS, MEMORY_STAT, *PRESSURES.values())
"""The files of a group that are read."""
_PERIOD = 100_000
"""Microseconds of a period of the CPU limit where none is told: the kernel's default."""
_SOME = re.compile(r"^some avg10=([0-9.]{1,8}) .*\btotal=([0-9]{1,20})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pressure:
    """Tells how long threads waited for a resource (the line `some` of PSI)."""

    percent: float
    """The share of the last ten seconds, from 0 to 100."""
    seconds: float
    """The sum since the container began."""


@dataclass(frozen=True, slots=True)
class Container:
    """Tells what a container may use and has used. None stands for what is not told, and for a limit that is not."""

    cpu_limit: float | None = None
    """How many CPUs may be used."""
    period: float = _PERIOD / 1e6
    """Seconds of one period of that limit."""
    periods: int | None = None
    """In how many periods something ran."""
    withheld_periods: int | None = None
    """In how many of them the limit stopped it."""
    withheld_seconds: float | None = None
    """How long it was stopped, summed up over all CPUs."""
    memory: int | None = None
    """Bytes that the kernel cannot simply take back: what Kubernetes calls the working set."""
    memory_limit: int | None = None
    """The most bytes of it."""
    oom_kills: int | None = None
    """How many processes were killed because memory was short."""
    pressures: Mapping[str, Pressure] = field(default_factory=dict)
    """By resource: cpu, memory, io."""


def container_of(files: Mapping[str, str]) -> Container:
    """Read the texts of those of `FILES` that are there."""
    stat, events = _table(files.get(CPU_STAT, "")), _table(files.get(MEMORY_EVENTS, ""))
    quota, _, period = files.get(CPU_MAX, "").strip().partition(" ")
    length = _number(period) or _PERIOD
    allowed = _number(quota)
    used, withheld = _number(files.get(MEMORY_CURRENT, "")), stat.get("throttled_usec")
    idle_files = _table(files.get(MEMORY_STAT, "")).get("inactive_file", 0)
    return Container(
        cpu_limit=allowed / length if allowed else None,
        period=length / 1e6,
        periods=stat.get("nr_periods"),
        withheld_periods=stat.get("nr_throttled"),
        withheld_seconds=withheld / 1e6 if withheld is not None else None,
        memory=max(0, used - idle_files) if used is not None else None,
        memory_limit=_number(files.get(MEMORY_MAX, "")),
        oom_kills=events.get("oom_kill"),
        pressures={
            resource: Pressure(min(100.0, float(found[1])), int(found[2]) / 1e6)
            for resource, name in PRESSURES.items()
            if (found := _SOME.search(files.get(name, ""))) is not None and found[1].count(".") <= 1
        },
    )


def withheld_percent(before: Container, after: Container, seconds: float) -> float | None:
    """Return in which share of so many seconds the CPU limit stopped the container; None where nothing tells it."""
    if before.withheld_periods is None or after.withheld_periods is None or seconds <= 0:
        return None
    stopped = max(0, after.withheld_periods - before.withheld_periods) * after.period
    return min(100.0, 100.0 * stopped / seconds)


def own_group(self_cgroup: str) -> str | None:
    """Return the path of a process's group of version 2, relative to the root, from `/proc/self/cgroup`."""
    for line in self_cgroup.splitlines():
        if line.startswith("0::/"):
            return line.removeprefix("0::/")
    return None


def _table(text: str) -> dict[str, int]:
    """Read lines of a name and a number."""
    pairs = (line.partition(" ") for line in text.splitlines())
    return {name: number for name, _, value in pairs if (number := _number(value)) is not None}


def _number(text: str) -> int | None:
    """Read a number of the kernel; None for `max` and for what is none."""
    stripped = text.strip()
    return int(stripped) if stripped.isascii() and stripped.isdigit() and len(stripped) <= 19 else None
