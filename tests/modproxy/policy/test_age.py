"""How old a record is by the tree heads that were seen."""

from itertools import pairwise

import pytest

from modproxy.policy.age import Age, Head, age_by_log, thinned
from modproxy.policy.known_heads import KNOWN_HEADS

HOUR, DAY = 3600.0, 24 * 3600.0
NOW = 1_800_000_000.0
HOURLY = [Head(NOW - hours * HOUR, 1000 - hours) for hours in range(100, -1, -1)]


@pytest.mark.parametrize(
    ("heads", "number", "expected"),
    [
        ([], 1, Age.UNKNOWN),
        (HOURLY, 927, Age.OLD),  # the log had 928 records 72 hours ago
        (HOURLY, 928, Age.YOUNG),
        (HOURLY, 999, Age.YOUNG),
        (HOURLY, 5000, Age.YOUNG),
        ([Head(NOW - 200 * DAY, 500)], 499, Age.OLD),
        ([Head(NOW - 200 * DAY, 500)], 500, Age.UNKNOWN),
        # The fleet began an hour ago: what came since is young, and what came between cannot be told.
        ([Head(NOW - 200 * DAY, 500), Head(NOW - HOUR, 900)], 499, Age.OLD),
        ([Head(NOW - 200 * DAY, 500), Head(NOW - HOUR, 900)], 700, Age.UNKNOWN),
        ([Head(NOW - 200 * DAY, 500), Head(NOW - HOUR, 900)], 900, Age.YOUNG),
        # A head that says less than an older one takes nothing back.
        ([Head(NOW - 80 * HOUR, 500), Head(NOW - 73 * HOUR, 300)], 499, Age.OLD),
        ([Head(NOW - 80 * HOUR, 500), Head(NOW - HOUR, 300)], 400, Age.OLD),
    ],
)
def test_the_age_of_a_record(heads: list[Head], number: int, expected: Age) -> None:
    assert age_by_log(heads, NOW, 72 * HOUR).of(number) is expected


def test_what_is_kept_of_the_heads() -> None:
    every_minute = [Head(NOW - minutes * 60, 10_000 - minutes) for minutes in range(10_000, -1, -1)]
    kept = thinned(every_minute, NOW, 72 * HOUR, HOUR)
    assert len(kept) <= 74
    assert kept[0].time <= NOW - 72 * HOUR  # the one before the longest age is needed
    assert all(later.time - earlier.time >= HOUR for earlier, later in pairwise(kept[1:]))
    assert thinned([Head(NOW + DAY, 5), Head(NOW - 1, -3), Head(NOW - 1, 2**70)], NOW, DAY, HOUR) == []


def test_what_ships_is_in_order() -> None:
    for heads in KNOWN_HEADS.values():
        assert list(heads) == sorted(heads)
        assert [head.size for head in heads] == sorted(head.size for head in heads)
