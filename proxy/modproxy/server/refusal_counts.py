"""Counts of refusals: since the start for metrics, and over the last ten minutes for the report."""

from collections import Counter, deque
from collections.abc import Callable

from modproxy.contract.report import WINDOW_SECONDS
from modproxy.policy.decision import RuleRefusal

_SLOT_SECONDS = 30.0


class RefusalCounts:
    """Counts what policies refuse, by the kind of the rule. `clock` returns seconds that never go back.

    A client that is only asked for its credential is not counted: some ask once without it by design.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.total: Counter[tuple[str, str]] = Counter()
        """By the kind of the rule and its mode; in DryRun the requests were answered nevertheless."""
        self._slots: deque[tuple[float, Counter[str]]] = deque()

    def count(self, by: RuleRefusal) -> None:
        """Count one refusal."""
        if by.challenge:
            return
        self.total[by.kind.value, by.mode.value] += 1
        if by.enforced:
            now = self._clock()
            self._forget(now)
            if not self._slots or now >= self._slots[-1][0] + _SLOT_SECONDS:
                self._slots.append((now, Counter()))
            self._slots[-1][1][by.kind.value] += 1

    def recent(self) -> dict[str, int]:
        """Return the refusals of the last ten minutes that were enforced, by the kind of the rule."""
        self._forget(self._clock())
        found: Counter[str] = Counter()
        for _, counts in self._slots:
            found.update(counts)
        return dict(found)

    def _forget(self, now: float) -> None:
        while self._slots and self._slots[0][0] < now - WINDOW_SECONDS:
            self._slots.popleft()
