"""What the reports of a fleet's replicas come to: one set of figures, the same on the object's status and on a laptop.

Pure, and unrounded where the reader rounds: how often and how coarsely a figure is shown is the reader's affair.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modproxy.contract.report import Report, StorageState, Window


@dataclass(frozen=True, slots=True)
class StorageFigures:
    """How full a cache is. `percent` is used of capacity, rounded down; above 100 after the capacity was made smaller
    than what is held.
    """

    used_bytes: int
    capacity_bytes: int
    percent: int


@dataclass(frozen=True, slots=True)
class FleetFigures:
    """A fleet at one moment. A figure is None when nothing is known of it yet, never 0 instead.

    `hit_rate_percent` covers the reports' window; `requests_per_second` is the sum over the replicas; `storage` is that
    of the fullest replica, because that is the one that evicts.
    """

    hit_rate_percent: int | None
    requests_per_second: float | None
    storage: StorageFigures | None


def hit_rate_percent(windows: Iterable[Window]) -> int | None:
    """Return the share of hits over all windows together, rounded down so that 100 means not one miss.

    None before the first request.
    """
    hits = requests = 0
    for window in windows:
        hits += window.hits
        requests += window.requests
    return 100 * hits // requests if requests else None


def storage_figures(storage: StorageState) -> StorageFigures:
    """Return how full one replica's cache is; one without any capacity is full."""
    capacity = storage.capacity_bytes
    percent = 100 * storage.used_bytes // capacity if capacity > 0 else 100
    return StorageFigures(storage.used_bytes, capacity, percent)


def fleet_figures(reports: Sequence[Report]) -> FleetFigures:
    """Return the figures of the replicas that reported; the others are no part of them."""
    if not reports:
        return FleetFigures(None, None, None)
    return FleetFigures(
        hit_rate_percent(report.window for report in reports),
        sum(report.window.requests_per_second for report in reports),
        max((storage_figures(report.storage) for report in reports), key=lambda storage: storage.percent),
    )
