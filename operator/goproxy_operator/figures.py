"""The figures of a fleet, from the reports of its replicas: the same on the object's status and on a laptop.

Pure. Figures are not rounded here, because each reader shows them as often and as coarsely as it likes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modproxy.contract.report import Report, StorageState, Window


@dataclass(frozen=True, slots=True)
class StorageFigures:
    """Tells how full a cache is.

    `percent` is the used part of the capacity, rounded down. It is above 100 after the capacity became smaller than
    what is held.
    """

    used_bytes: int
    capacity_bytes: int
    percent: int


@dataclass(frozen=True, slots=True)
class FleetFigures:
    """Tells how a fleet does at one moment. A figure of which nothing is known is None, never 0.

    `hit_rate_percent` covers the reports' window. `requests_per_second` is the sum over the replicas. `storage` is that
    of the fullest replica, because the fullest replica evicts.
    """

    hit_rate_percent: int | None
    requests_per_second: float | None
    storage: StorageFigures | None


def hit_rate_percent(windows: Iterable[Window]) -> int | None:
    """Return the share of hits over all windows together, or None before the first request.

    It is rounded down, so that 100 means that there was no miss.
    """
    hits = requests = 0
    for window in windows:
        hits += window.hits
        requests += window.requests
    return 100 * hits // requests if requests else None


def storage_figures(storage: StorageState) -> StorageFigures:
    """Return how full one replica's cache is. A cache without any capacity is full."""
    capacity = storage.capacity_bytes
    percent = 100 * storage.used_bytes // capacity if capacity > 0 else 100
    return StorageFigures(storage.used_bytes, capacity, percent)


def fleet_figures(reports: Sequence[Report]) -> FleetFigures:
    """Return the figures of the replicas that reported. The others do not count."""
    if not reports:
        return FleetFigures(None, None, None)
    return FleetFigures(
        hit_rate_percent(report.window for report in reports),
        sum(report.window.requests_per_second for report in reports),
        max((storage_figures(report.storage) for report in reports), key=lambda storage: storage.percent),
    )
