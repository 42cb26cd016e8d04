"""The replicas' latest reports, and how full the fullest has been, in memory only."""

from collections import deque
from collections.abc import Mapping

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.figures import fleet_figures
from goproxy_operator.kube.resources import Key
from goproxy_operator.observed.scrape import Answers
from modproxy.contract.config import CacheConfig
from modproxy.contract.report import Report

KEPT_SECONDS = 60.0
"""Seconds: a replica that misses one scrape keeps its figures, and loses them after this time."""
_KEPT_ROUNDS = 3
"""So many rounds of scrapes they are kept, where a round takes long."""
_SLOTS = 20
"""The time in which a cache has to stay full is split into so many parts."""


class Reports:
    """Knows what each replica reported last, and for how long the fullest cache of a fleet has been full.

    Times are in seconds of one clock; a cache has to be full for `full_seconds` before it grows.
    """

    def __init__(self, full_seconds: float = 600.0) -> None:
        self._full_seconds = full_seconds
        # A report as an object takes ten times the memory that it takes as text.
        self._fleets: dict[Key, dict[str, tuple[float, bytes]]] = {}
        self._percents: dict[Key, deque[tuple[float, int]]] = {}
        self._refused: dict[Key, Mapping[str, str]] = {}
        self._kept = KEPT_SECONDS

    def expect_every(self, seconds: float) -> None:
        """Note how long a round of scrapes takes."""
        self._kept = max(KEPT_SECONDS, _KEPT_ROUNDS * seconds)

    def take(self, fleet: Key, answers: Answers, now: float) -> None:
        """Take what one round of scrapes gave."""
        reports = answers.reports
        self._refused[fleet] = answers.refused
        kept = {pod: at for pod, at in self._fleets.get(fleet, {}).items() if now - at[0] < self._kept}
        self._fleets[fleet] = kept | {
            pod: (now, report.model_dump_json(by_alias=True).encode()) for pod, report in reports.items()
        }
        figures = fleet_figures(list(self.of(fleet).values()))
        if figures.storage is None:
            self._percents.pop(fleet, None)
        else:
            self._note(fleet, figures.storage.percent, now)

    def scraped(self, fleet: Key) -> bool:
        """Say whether the fleet's replicas were scraped at least once."""
        return fleet in self._fleets

    def of(self, fleet: Key) -> dict[str, Report]:
        """Return the reports of a fleet, by pod."""
        return {pod: Report.model_validate_json(text) for pod, (_, text) in self._fleets.get(fleet, {}).items()}

    def refused(self, fleet: Key) -> Mapping[str, str]:
        """Return why the latest answer of a replica is no report, by pod, for the replicas whose answer is none."""
        return self._refused.get(fleet, {})

    def stayed_full(self, fleet: Key, goproxy: GoProxy) -> bool:
        """Say whether the fullest replica has been at or above the low watermark for all that time.

        An eviction ends there: a cache that never gets below has as much to hold as it may.
        """
        percents = self._percents.get(fleet, ())
        low = goproxy.spec.cache.low_watermark_percent or CacheConfig().low_watermark_percent
        if not percents or percents[-1][0] - percents[0][0] < self._full_seconds:
            return False
        return all(percent >= low for _, percent in percents)

    def forget(self, fleet: Key) -> None:
        """Forget a fleet that is gone."""
        self._fleets.pop(fleet, None)
        self._refused.pop(fleet, None)
        self._percents.pop(fleet, None)

    def start_again(self, fleet: Key) -> None:
        """Forget how full the caches were, because they have grown."""
        self._percents.pop(fleet, None)

    def _note(self, fleet: Key, percent: int, now: float) -> None:
        """Keep the lowest percent of each part of the time, and one part more than that time has."""
        slot = self._full_seconds / _SLOTS
        noted = self._percents.setdefault(fleet, deque())
        if noted and now - noted[-1][0] < slot:
            noted[-1] = (noted[-1][0], min(percent, noted[-1][1]))
        else:
            noted.append((now, percent))
        while len(noted) > _SLOTS + 2:
            noted.popleft()
