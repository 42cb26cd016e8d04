"""How often kopf may ask."""

from __future__ import annotations

from goproxy_operator.kube.pace import Pace


def test_a_burst_is_let_through_then_one_each_second() -> None:
    now = 100.0
    pace = Pace(lambda: now, burst=3, rate=1.0)
    assert [pace.wait("/a") for _ in range(5)] == [0, 0, 0, 1, 2]
    assert pace.wait("/b") == 0
    now += 2
    assert pace.wait("/a") == 1
    now += 3600
    assert [pace.wait("/a") for _ in range(4)] == [0, 0, 0, 1]
