"""What is counted of requests between replicas, for metrics. Pure."""

from collections import Counter
from enum import StrEnum


class Direction(StrEnum):
    """Says who has asked."""

    ASKED = "asked"
    """This replica has asked another one."""
    ANSWERED = "answered"
    """Another replica has asked this one."""


class PeerCounts:
    """Counts requests between replicas by who has asked, and by how they ended. Greetings are not counted."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()

    def count(self, direction: Direction, outcome: str) -> None:
        """Count the end of one request. `outcome` is an `Outcome`, or `failed` where no answer came."""
        self.requests[direction.value, outcome] += 1
