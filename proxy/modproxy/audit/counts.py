"""What became of the records: counts for metrics, and words for the report."""

import time
from collections import Counter
from collections.abc import Callable

_LATELY_SECONDS = 3600.0
"""For how long after a loss the report says why: long enough for somebody to see it, and to see that it is over."""

STDOUT, FILE, ELASTICSEARCH, ENTRIES = "stdout", "file", "elasticsearch", "all"
"""The `target` of metrics. `ENTRIES` is for what was dropped before it reached any target."""
WRITTEN, DROPPED, REJECTED = "written", "dropped", "rejected"
"""The `outcome` of metrics: a receiver rejects a document that its index does not take."""


class Counts:
    """Counts records by target and outcome. Threads and the event loop call it; `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._why = ""
        self._lost_at = -_LATELY_SECONDS
        self.records: Counter[tuple[str, str]] = Counter()
        """By target and outcome. One thread writes each target's counts."""

    def written(self, target: str, number: int) -> None:
        """Count records that a target has."""
        self.records[target, WRITTEN] += number

    def lost(self, target: str, number: int, why: str, *, outcome: str = DROPPED) -> None:
        """Count records that are no more. `why` has no figure in it."""
        if number:
            self.records[target, outcome] += number
            self._why, self._lost_at = why, self._clock()

    @property
    def dropped(self) -> int:
        """How many records were dropped or rejected since the start, of all targets."""
        return sum(number for (_, outcome), number in list(self.records.items()) if outcome != WRITTEN)

    @property
    def losing(self) -> str | None:
        """Why records were lost lately; None when none were."""
        return self._why if self._clock() - self._lost_at < _LATELY_SECONDS else None
