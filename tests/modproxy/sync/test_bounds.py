"""What one run of the schedule may fetch at the most."""

import pytest

from modproxy.sync.bounds import MOST_BYTES, MOST_SECONDS, MOST_VERSIONS, why_full, why_stopped


@pytest.mark.parametrize(
    ("versions", "size", "seconds", "stops"),
    [
        (0, 0, 0.0, False), (MOST_VERSIONS - 1, MOST_BYTES - 1, MOST_SECONDS - 1, False), (MOST_VERSIONS, 0, 0.0, True),
        (0, MOST_BYTES, 0.0, True), (0, 0, MOST_SECONDS, True),
    ],
)  # fmt: skip
def test_a_run_is_bounded(versions: int, size: int, seconds: float, stops: bool) -> None:
    assert (why_stopped(versions, size, seconds) is not None) is stops


@pytest.mark.parametrize(("held", "percent", "stops"), [(0, 80, False), (80, 80, False), (81, 80, True)])
def test_a_run_stops_before_the_cache_would_evict(held: int, percent: int, stops: bool) -> None:
    assert (why_full(held, 100, percent) is not None) is stops
