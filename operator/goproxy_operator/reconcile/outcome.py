"""How one reconcile of one object went."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """`again` asks for another reconcile in so many seconds; `stuck` for one with back-off."""

    again: float | None = None
    stuck: bool = False
