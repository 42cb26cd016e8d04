"""When runs of a schedule are due."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from modproxy.sync.due import next_due

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC).timestamp()
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
FLEETS = [f"fleet-{number}" for number in range(200)]


@pytest.mark.parametrize(
    ("schedule", "longest"), [("* * * * *", 6.0), ("*/15 * * * *", 90.0), ("0 * * * *", 300.0), ("0 3 * * 1", 300.0)]
)
def test_fleets_begin_a_little_apart(schedule: str, longest: float) -> None:
    first = next_due(schedule, NOON, NOON, FLEETS[0])
    late = [next_due(schedule, None, NOON, fleet) - NOON for fleet in FLEETS]
    assert all(0 <= one <= longest for one in late)
    assert max(late) - min(late) > longest * 0.9
    assert len({round(one / longest * 10) for one in late}) == 11
    assert first == next_due(schedule, NOON, NOON + 1, FLEETS[0])  # it does not move while it is waited for


@pytest.mark.parametrize("fleet", FLEETS[:5])
def test_runs_come_at_the_times_of_the_schedule(fleet: str) -> None:
    due, last = [], NOON
    for _ in range(5):
        last = next_due("*/15 * * * *", last, last, fleet)
        due.append(last)
    assert [round(later - sooner, 3) for sooner, later in pairwise(due)] == [15 * MINUTE] * 4
    assert 15 * MINUTE <= due[0] - NOON <= 15 * MINUTE + 90


@pytest.mark.parametrize("missed", [20 * MINUTE, 5 * HOUR, 40 * DAY])
def test_missed_runs_are_made_up_once(missed: float) -> None:
    now = NOON + missed
    assert next_due("*/15 * * * *", NOON, now, "fleet") == now
    assert now < next_due("*/15 * * * *", now, now, "fleet") <= now + 15 * MINUTE + 90


def test_the_clock_was_set_back() -> None:
    """A last run in the future puts the next one off by the difference at the most."""
    assert next_due("0 * * * *", NOON + HOUR, NOON, "fleet") <= NOON + 2 * HOUR + 300
