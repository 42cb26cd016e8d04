"""When a run of a schedule is due. Pure.

Fleets of a cluster often have the same schedule. So that they do not all ask a git host in the same second, each fleet
begins a little later, always by the same part of the time between two runs.
"""

from datetime import UTC, datetime
from hashlib import blake2b

_LATEST_PART = 0.1
"""Of the time between two runs."""
_LATEST_SECONDS = 300.0


def next_due(schedule: str, last: float | None, now: float, fleet: str) -> float:
    """Return when the next run is due, in seconds since the epoch.

    `last` is when the last run began; None without one. A run that was missed is due at once, and only once however
    many were missed. A fleet that never had a run has missed one.
    """
    late = _part_of(fleet) * _span(schedule, now)
    if last is None:
        return now + late
    return max(now, _first_after(schedule, last) + late)


def _first_after(schedule: str, moment: float) -> float:
    from cronsim import CronSim  # noqa: PLC0415 - it is needed with a schedule only

    return next(CronSim(schedule, datetime.fromtimestamp(moment, UTC))).timestamp()


def _span(schedule: str, now: float) -> float:
    """Return the longest delay: a part of the time between the next two runs, in seconds."""
    first = _first_after(schedule, now)
    return min((_first_after(schedule, first) - first) * _LATEST_PART, _LATEST_SECONDS)


def _part_of(fleet: str) -> float:
    """Return a number from 0 to 1 that is always the same for a fleet."""
    return int.from_bytes(blake2b(fleet.encode(), digest_size=4).digest()) / 2**32
