"""The replicas' latest reports, in memory only."""

from collections.abc import Mapping

from goproxy_operator.cluster.resources import Key
from modproxy.report import Report

KEPT_SECONDS = 60.0
"""A replica that misses one scrape has not lost its figures; one that misses them for so long has."""


class Reports:
    """By fleet and pod. `now` is in seconds of one clock."""

    def __init__(self) -> None:
        self._fleets: dict[Key, dict[str, tuple[float, Report]]] = {}

    def take(self, fleet: Key, reports: Mapping[str, Report], now: float) -> None:
        """Take what one round of scrapes gave."""
        kept = {pod: at for pod, at in self._fleets.get(fleet, {}).items() if now - at[0] < KEPT_SECONDS}
        self._fleets[fleet] = kept | {pod: (now, report) for pod, report in reports.items()}

    def of(self, fleet: Key) -> dict[str, Report]:
        """Return the reports of a fleet, by pod."""
        return {pod: report for pod, (_, report) in self._fleets.get(fleet, {}).items()}

    def forget(self, fleet: Key) -> None:
        """The fleet is gone."""
        self._fleets.pop(fleet, None)
