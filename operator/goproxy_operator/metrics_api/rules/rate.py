"""From the reports of a fleet's replicas to one request rate for the autoscaler, or to why there is none. Pure.

Counts of one window are added, not rates. After a scale-out the average of an old replica still holds the whole load,
and a new replica, which divides by its few seconds, already has its share. The sum of both rates would be too much, and
would scale out once more.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from modproxy.contract.report import Report

WINDOW_SECONDS = 20.0
"""The least window by which requests are divided, once any replica is so old."""
_LEAST_SECONDS = 1.0
_OLDER_WINDOW = 60.0
"""The span of requestsPerSecond, for replicas that do not report recentRequests."""
_LEAST_SHARE = 0.5
"""The share of the ready replicas that has to answer. If fewer answer, there is no rate."""


class NoDataError(Exception):
    """There is no rate; the message says why. `exists` is False where there is no replica at all."""

    def __init__(self, message: str, *, exists: bool = True) -> None:
        super().__init__(message)
        self.exists = exists


@dataclass(frozen=True, slots=True)
class ScrapedReplica:
    """Tells how much a replica's silence says: whether Kubernetes holds it for ready, and whether it is terminating."""

    ready: bool
    terminating: bool = False


def fleet_rate(scraped: Mapping[str, ScrapedReplica], reports: Mapping[str, Report]) -> float:
    """Return requests a second over the whole fleet. Raises `NoDataError`.

    A ready replica that does not answer counts as the mean of those that do. Without it a silent replica would look
    like a calm. A replica that is terminating or not ready counts with what it reports, and is not missed.
    """
    expected = {name for name, replica in scraped.items() if replica.ready and not replica.terminating}
    if not scraped:
        raise NoDataError("the fleet has no replica that runs", exists=False)
    if not reports:
        raise NoDataError(f"none of {len(scraped)} replicas has answered on its admin port")
    answered = expected & reports.keys()
    if len(answered) < _LEAST_SHARE * len(expected):
        silent = ", ".join(sorted(expected - answered))
        raise NoDataError(f"only {len(answered)} of {len(expected)} ready replicas have answered; silent: {silent}")
    counted = {name: _counted(report) for name, report in reports.items()}
    window = max(min(WINDOW_SECONDS, max(seconds for _, seconds in counted.values())), _LEAST_SECONDS)
    rates = {name: requests / max(seconds, window) for name, (requests, seconds) in counted.items()}
    return sum(rates.values()) + _missing(rates, answered, len(expected))


def milli(rate: float) -> str:
    """Write a rate as a Kubernetes quantity of thousandths, which is what the HPA computes with."""
    return f"{round(rate * 1000)}m"


def _missing(rates: Mapping[str, float], answered: Collection[str], expected: int) -> float:
    if not answered:
        return 0.0
    return sum(rates[name] for name in answered) / len(answered) * (expected - len(answered))


def _counted(report: Report) -> tuple[float, float]:
    """Return requests, and the seconds in which they came."""
    window = report.window
    if window.recent_requests is not None and window.recent_seconds is not None:
        return float(window.recent_requests), window.recent_seconds
    seconds = max(min(report.uptime_seconds, _OLDER_WINDOW), _LEAST_SECONDS)
    return window.requests_per_second * seconds, seconds
