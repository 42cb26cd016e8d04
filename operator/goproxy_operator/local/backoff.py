"""When a replica that died is started again. Pure."""

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
HEALTHY_SECONDS = 60.0
"""A replica that lived this long was well, so that its next death counts as the first."""


def count_failures(before: int, lived_seconds: float) -> int:
    """Return how many deaths in a row this one makes, after `before` others."""
    return 1 if lived_seconds >= HEALTHY_SECONDS else before + 1


def restart_delay(failures: int) -> float:
    """Return the seconds to wait after that many deaths in a row: doubling, up to a longest wait."""
    # No delay is that long. The bound keeps the power small.
    doublings = min(failures - 1, 16)
    return min(LONGEST_SECONDS, FIRST_SECONDS * 2.0**doublings)
