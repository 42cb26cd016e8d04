"""Counts of client requests: since the start for metrics, and over the last ten minutes for the report.

The counts are plain integers in dicts and lists, because every request is counted; sums are made when they are read.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable

from modproxy.cache.answer import CacheStatus
from modproxy.contract.report import WINDOW_SECONDS, Window
from modproxy.server.module_uses import ModuleUses

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds, in seconds, of the duration histogram."""
QUICK_SECONDS = BUCKETS[0]
"""A request of at most so many seconds falls into the first bucket."""
_SLOT_SECONDS = 10
_SLOTS = WINDOW_SECONDS // _SLOT_SECONDS
_RATE_SLOTS = 6
_RECENT_SLOTS = 3
_HITS = (CacheStatus.HIT, CacheStatus.STALE, CacheStatus.NEGATIVE, CacheStatus.PEER, CacheStatus.OBJECT_STORE)
_OK = 200


class Durations:
    """A histogram of durations."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        """How many durations fell into each bucket, the last one without an upper bound; not cumulative."""
        self.total = 0.0
        """The sum of all durations, in seconds."""

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


class QuickHits:
    """Hits of one endpoint that were answered with 200 within `QUICK_SECONDS`, and that `Traffic` has yet to take up.

    Whoever answers such a hit adds to both fields, because that costs less than a call.
    """

    __slots__ = ("count", "endpoint", "seconds")

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.count = 0
        self.seconds = 0.0


class Traffic:
    """Counts client requests for metrics and the report. `clock` returns seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._start = clock()
        self._requests: Counter[tuple[str, int, str]] = Counter()
        self._durations: dict[str, Durations] = {}
        self._hit_durations: dict[str, Durations] = {}
        self._quick: dict[str, QuickHits] = {}
        self.modules = ModuleUses()
        """How much each module is used."""
        # The ring has a list for each ten-second slot: the slot's number, all requests, hits, and hits and misses
        # together.
        self._ring = [[-1, 0, 0, 0] for _ in range(_SLOTS + 1)]

    @property
    def requests(self) -> Counter[tuple[str, int, str]]:
        """How many requests there were since the start, by endpoint, status code, and how they were answered."""
        self.settle()
        return self._requests

    @property
    def durations(self) -> dict[str, Durations]:
        """How long requests took since the start, by endpoint."""
        self.settle()
        return self._durations

    @property
    def hit_durations(self) -> dict[str, Durations]:
        """How long those requests took since the start that nothing outside of the fleet was asked for, by endpoint."""
        self.settle()
        return self._hit_durations

    def count(self, endpoint: str, code: int, status: CacheStatus, seconds: float) -> None:
        """Count one finished request. `seconds` is how long it took."""
        self._requests[endpoint, code, status.value] += 1
        _durations_in(self._durations, endpoint).add(seconds)
        slot = self._slot()
        slot[1] += 1
        if status in _HITS:
            _durations_in(self._hit_durations, endpoint).add(seconds)
            slot[2] += 1
            slot[3] += 1
        elif status is CacheStatus.MISS:
            slot[3] += 1

    def quick_hits(self, endpoint: str) -> QuickHits:
        """Return where quick hits of an endpoint are counted; `settle` must be called within a second or so of each."""
        return self._quick.setdefault(endpoint, QuickHits(endpoint))

    def settle(self) -> None:
        """Take up the quick hits. Until then they are in no slot of the ring."""
        for endpoint, quick in self._quick.items():
            number = quick.count
            if not number:
                continue
            self._requests[endpoint, _OK, CacheStatus.HIT.value] += number
            for kept in (self._durations, self._hit_durations):
                durations = _durations_in(kept, endpoint)
                durations.counts[0] += number
                durations.total += quick.seconds
            slot = self._slot()
            for figure in (1, 2, 3):
                slot[figure] += number
            quick.count, quick.seconds = 0, 0.0

    def _slot(self) -> list[int]:
        """Return the slot of the ring for this moment."""
        number = int((self._clock() - self._start) // _SLOT_SECONDS)
        slot = self._ring[number % len(self._ring)]
        if slot[0] != number:
            slot[:] = [number, 0, 0, 0]
        return slot

    def window(self) -> Window:
        """Sum up the last ten minutes."""
        self.settle()
        lived = self._clock() - self._start
        now = int(lived // _SLOT_SECONDS)
        recent = [slot for slot in self._ring if 0 <= now - slot[0] < _SLOTS]
        rated, rate_seconds = self._all_of(_RATE_SLOTS, lived)
        lately, lately_seconds = self._all_of(_RECENT_SLOTS, lived)
        return Window(
            seconds=round(min(lived, float(WINDOW_SECONDS)), 3),
            hits=sum(slot[2] for slot in recent),
            requests=sum(slot[3] for slot in recent),
            requests_per_second=round(rated / max(rate_seconds, 1.0), 3),
            recent_requests=lately,
            recent_seconds=round(lately_seconds, 3),
        )

    def _all_of(self, slots: int, lived: float) -> tuple[int, float]:
        """Return all requests of the last slots, and the seconds that these span."""
        now = int(lived // _SLOT_SECONDS)
        count = sum(slot[1] for slot in self._ring if 0 <= now - slot[0] < slots)
        # Only a part of the newest slot has passed.
        return count, min(lived, (slots - 1) * _SLOT_SECONDS + lived % _SLOT_SECONDS)

    def by_status(self) -> dict[str, int]:
        """Return how many requests were answered since the start, by cache status."""
        sums = dict.fromkeys((status.value for status in CacheStatus), 0)
        for (_, _, status), count in self.requests.items():
            sums[status] += count
        return sums


def _durations_in(kept: dict[str, Durations], endpoint: str) -> Durations:
    durations = kept.get(endpoint)
    if durations is None:
        durations = kept[endpoint] = Durations()
    return durations
