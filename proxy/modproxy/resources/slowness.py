"""What makes a replica slow, in words for people, from what the machine gives it. Pure, apart from what it remembers.

A finding begins at one bound and ends at a lower one, and one that has lasted ends only after it was gone for as long:
so nothing flickers that somebody has to act on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from modproxy.contract.report_resources import ResourcesState, SlowKind, Slowness

LASTING_SECONDS = 300.0
"""After so long a finding lasts: a deployment, a burst of a build, and the start of a replica are shorter."""


class _Bounds(NamedTuple):
    begins: float
    ends: float


_WITHHELD = _Bounds(10.0, 5.0)
"""Percent of a minute. Below it a request is late by less than a period of the limit, which few notice."""
_CPU_PRESSURE = _Bounds(60.0, 40.0)
"""Percent of ten seconds in which some thread waited for a CPU; the zips of a busy replica make some of it."""
_MEMORY_PRESSURE = _Bounds(10.0, 5.0)
_MEMORY_SHARE = _Bounds(95.0, 90.0)
"""Percent of the limit: beyond it the next zip may end the process."""
_IO_PRESSURE = _Bounds(60.0, 40.0)
_DESCRIPTORS = _Bounds(90.0, 80.0)
"""Percent of the limit."""
_LAG = _Bounds(0.1, 0.05)
"""Seconds of the 99th percentile: as long as a person notices."""

_CPU_REMEDY = "raise spec.pod.resources.limits.cpu, or leave the limit out and keep the request"
_NODE_REMEDY = "raise spec.pod.resources.requests.cpu, so that the replica gets a node with free CPUs, or add replicas"
_MEMORY_REMEDY = "raise spec.pod.resources.limits.memory, and the request with it"
_IO_REMEDY = "use a faster StorageClass (spec.cache.storage.storageClassName), or add replicas"
_DESCRIPTOR_REMEDY = "raise the limit of open files of the node's container runtime (LimitNOFILE), or add replicas"
_LOOP_REMEDY = "add replicas, or give each more CPU (spec.pod.resources.requests.cpu)"


class _Measure(NamedTuple):
    """One thing that may make a replica slow."""

    kind: SlowKind
    above: bool
    """Whether a finding begins."""
    below: bool
    """Whether a finding ends."""
    finding: str
    remedy: str


@dataclass(slots=True)
class _Since:
    began: float
    gone: float | None = None
    """When it was first measured to be gone; None while it is there."""


class SlownessJudge:
    """Turns figures into findings. `judge` is called every few seconds."""

    def __init__(self) -> None:
        self._known: dict[SlowKind, _Since] = {}

    def judge(self, state: ResourcesState, now: float) -> tuple[Slowness, ...]:
        """Return what makes the replica slow. `now` is in seconds since the epoch."""
        found = []
        measured = list(_measures(state))
        for kind in self._known.keys() - {measure.kind for measure in measured}:
            del self._known[kind]
        for kind, above, below, finding, remedy in measured:
            since = self._known.get(kind)
            if since is None:
                if not above:
                    continue
                since = self._known[kind] = _Since(now)
            lasting = (since.gone or now) - since.began >= LASTING_SECONDS
            if not below:
                since.gone = None
            elif since.gone is None:
                since.gone = now
            if since.gone is not None and now - since.gone >= (LASTING_SECONDS if lasting else 0.0):
                del self._known[kind]
                continue
            found.append(Slowness(kind=kind, finding=finding, remedy=remedy, since=since.began, lasting=lasting))
        return tuple(found)


def _measures(state: ResourcesState) -> Iterator[_Measure]:
    withheld = state.cpu_withheld_percent
    if withheld is not None:
        finding = f"CPU was withheld for {withheld:.0f} % of the last minute, because the replica used up its limit"
        yield _measure(SlowKind.CPU_WITHHELD, withheld, _WITHHELD, finding, _CPU_REMEDY)
    pressure = state.cpu_pressure_percent
    # The kernel counts threads that the limit stops as waiting for a CPU, too: the limit alone is told then.
    if pressure is not None and (withheld is None or withheld < _WITHHELD.ends):
        finding = f"threads waited for a free CPU in {pressure:.0f} % of the last ten seconds: the node is busy"
        yield _measure(SlowKind.CPU_SHORT, pressure, _CPU_PRESSURE, finding, _NODE_REMEDY)
    yield from _of_memory(state)
    pressure = state.io_pressure_percent
    if pressure is not None:
        finding = f"threads waited for the disk in {pressure:.0f} % of the last ten seconds"
        yield _measure(SlowKind.IO_SLOW, pressure, _IO_PRESSURE, finding, _IO_REMEDY)
    if state.open_descriptors is not None and state.descriptor_limit:
        percent = 100.0 * state.open_descriptors / state.descriptor_limit
        finding = f"{state.open_descriptors} of {state.descriptor_limit} files and connections are open"
        yield _measure(SlowKind.DESCRIPTORS_SHORT, percent, _DESCRIPTORS, finding, _DESCRIPTOR_REMEDY)
    lag = state.loop_lag_p99_seconds
    finding = f"each hundredth turn of the event loop was late by {lag * 1000:.0f} ms or more in the last minute"
    yield _measure(SlowKind.EVENT_LOOP_BUSY, lag, _LAG, finding, _LOOP_REMEDY)


def _of_memory(state: ResourcesState) -> Iterator[_Measure]:
    pressure = state.memory_pressure_percent
    share = 100.0 * (state.memory_bytes or 0) / state.memory_limit_bytes if state.memory_limit_bytes else None
    if pressure is None and share is None:
        return
    told = [f"memory is at {share:.0f} % of its limit"] if share is not None else []
    told += [f"threads waited for memory in {pressure:.0f} % of the last ten seconds"] if pressure is not None else []
    yield _Measure(
        SlowKind.MEMORY_SHORT,
        (pressure or 0.0) >= _MEMORY_PRESSURE.begins or (share or 0.0) >= _MEMORY_SHARE.begins,
        (pressure or 0.0) < _MEMORY_PRESSURE.ends and (share or 0.0) < _MEMORY_SHARE.ends,
        ", and ".join(told),
        _MEMORY_REMEDY,
    )


def _measure(kind: SlowKind, value: float, bounds: _Bounds, finding: str, remedy: str) -> _Measure:
    return _Measure(kind, value >= bounds.begins, value < bounds.ends, finding, remedy)
