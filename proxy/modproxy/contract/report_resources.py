"""What the report says of the machine: what it gives the replica, and what makes the replica slow. Pure."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from modproxy.contract.report_fields import Count, Name, Percent, Rate, ReportPart, Seconds, Text

MOST_SLOWNESS = 16
"""More than there are kinds of it."""


def _most_slowness(found: "tuple[Slowness, ...]") -> "tuple[Slowness, ...]":
    return found[:MOST_SLOWNESS]


class SlowKind(StrEnum):
    """Says what makes a replica slow."""

    CPU_WITHHELD = "cpuWithheld"
    CPU_SHORT = "cpuShort"
    MEMORY_SHORT = "memoryShort"
    IO_SLOW = "ioSlow"
    DESCRIPTORS_SHORT = "descriptorsShort"
    EVENT_LOOP_BUSY = "eventLoopBusy"


class Slowness(ReportPart):
    """Reports something that makes the replica slow now."""

    kind: Name
    """A `SlowKind`. A newer replica may know others."""
    finding: Text
    """What was measured, with figures that move."""
    remedy: Text = ""
    """What the keepers of the fleet have to do."""
    since: Seconds
    """Since when, in seconds since the epoch."""
    lasting: bool = False
    """Whether it has gone on for minutes, so that somebody has to know."""


class ResourcesState(ReportPart):
    """Reports what the machine gives the replica. Figures of the container are None where nothing tells them."""

    seconds: Seconds
    """The span that the figures of the last minute cover: a minute, or less after a start."""
    cgroup_missing: Text | None = None
    """Why nothing tells the figures of the container; None where cgroup v2 does."""
    cpu_limit: Rate | None = None
    """How many CPUs the container may use; None without a limit."""
    cpu_withheld_percent: Percent | None = None
    """The share of the last minute in which the limit kept the container from going on."""
    cpu_pressure_percent: Percent | None = None
    """The share of the last ten seconds in which some thread waited for a CPU (the kernel's PSI)."""
    memory_pressure_percent: Percent | None = None
    """The share of the last ten seconds in which some thread waited for memory."""
    io_pressure_percent: Percent | None = None
    """The share of the last ten seconds in which some thread waited for a disk."""
    memory_bytes: Count | None = None
    """The container's memory that the kernel cannot simply take back, as Kubernetes counts it (working set)."""
    memory_limit_bytes: Count | None = None
    """The most that it may be; None without a limit."""
    oom_kills: Count | None = None
    """How many processes of the container the kernel has killed because memory was short."""
    open_descriptors: Count | None = None
    """Open files and connections; None where the system does not tell."""
    descriptor_limit: Count | None = None
    """The most of them."""
    loop_lag_max_seconds: Seconds = 0.0
    """The longest that the event loop was late in the last minute."""
    loop_lag_p99_seconds: Seconds = 0.0
    """What 99 of 100 samples of its lateness in the last minute did not exceed."""
    slow: Annotated[tuple[Slowness, ...], AfterValidator(_most_slowness)] = ()
    """What makes the replica slow now; empty while nothing does."""
