"""What one run of the schedule may fetch at the most. Pure."""

MOST_VERSIONS = 2000
"""Versions that one run fetches. The next run goes on."""
MOST_BYTES = 20 << 30
MOST_SECONDS = 3600.0
_GOES_ON = "one run fetches no more; the next one goes on"


def why_stopped(versions: int, size: int, seconds: float) -> str | None:
    """Return why a run stops that has fetched so many versions and bytes in so many seconds; None where it goes on."""
    return _GOES_ON if versions >= MOST_VERSIONS or size >= MOST_BYTES or seconds >= MOST_SECONDS else None


def why_full(held: int, capacity: int, percent: int) -> str | None:
    """Return why a run stops before the cache would evict; None while less than the low watermark is held, in bytes."""
    if held * 100 <= capacity * percent:
        return None
    return f"the cache is filled to {percent} %, and sync evicts nothing: give it more room"
