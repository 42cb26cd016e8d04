"""How one reconcile of one object went."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Outcome:
    """`again` asks for another reconcile in so many seconds; `stuck` for one with back-off."""

    again: float | None = None
    stuck: bool = False

    def sooner(self, *times: float | None) -> "Outcome":
        """Return an outcome that asks for the next reconcile at the first of these times, if that is sooner."""
        known = [seconds for seconds in (self.again, *times) if seconds is not None]
        return replace(self, again=min(known, default=None))
