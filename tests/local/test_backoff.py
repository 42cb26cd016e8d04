"""When a dead replica is started again."""

from __future__ import annotations

import pytest

from goproxy_operator.local.backoff import count_failures, restart_delay


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (8, 30.0), (100_000, 30.0)]
)
def test_delay_doubles_up_to_half_a_minute(failures: int, seconds: float) -> None:
    assert restart_delay(failures) == seconds


@pytest.mark.parametrize(("before", "lived", "after"), [(0, 0.1, 1), (4, 0.1, 5), (4, 59.9, 5), (4, 60.0, 1)])
def test_a_minute_of_health_forgets_earlier_deaths(before: int, lived: float, after: int) -> None:
    assert count_failures(before, lived) == after
