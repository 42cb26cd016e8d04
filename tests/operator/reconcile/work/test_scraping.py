"""How long a round of scrapes takes."""

from __future__ import annotations

import pytest

from goproxy_operator.reconcile.work.scraping import round_seconds


@pytest.mark.parametrize(
    ("interval", "replicas", "expected"),
    [(15, 0, 15), (15, 2000, 15), (15, 6000, 15), (15, 20_000, 50), (60, 20_000, 60)],
)
def test_a_round_takes_longer_where_there_are_very_many_replicas(interval: int, replicas: int, expected: int) -> None:
    assert round_seconds(interval, replicas) == expected
