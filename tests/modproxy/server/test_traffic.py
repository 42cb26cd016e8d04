"""The counts of client requests, over the window and over the last half minute."""

from modproxy.cache.answer import CacheStatus
from modproxy.server.traffic import Traffic


def test_traffic_over_the_window() -> None:
    now = [0.0]
    traffic = Traffic(lambda: now[0])
    assert traffic.window().requests == 0
    for outcome in (CacheStatus.MISS, CacheStatus.HIT, CacheStatus.STALE, CacheStatus.NEGATIVE, CacheStatus.DENIED):
        traffic.count("mod", 200, outcome, 0.001)
    now[0] = 5.0
    first = traffic.window()
    assert (first.hits, first.requests, first.requests_per_second, first.seconds) == (3, 4, 1.0, 5.0)
    now[0] = 599.0
    assert traffic.window().requests == 4
    assert traffic.window().requests_per_second == 0
    now[0] = 605.0
    assert traffic.window().requests == 0
    now[0] = 100_000.0
    traffic.count("mod", 200, CacheStatus.HIT, 99.0)
    assert (traffic.window().hits, traffic.window().seconds) == (1, 600.0)
    assert traffic.by_status()["hit"] == 2
    assert traffic.durations["mod"].counts[-1] == 1
    assert sum(traffic.durations["mod"].counts) == 6


def test_what_came_lately() -> None:
    now = [0.0]
    traffic = Traffic(lambda: now[0])
    assert (traffic.window().recent_requests, traffic.window().recent_seconds) == (0, 0.0)
    for second in range(100):
        now[0] = float(second)
        traffic.count("mod", 200, CacheStatus.HIT, 0.001)
    # The span is two whole slots and the part of the third that has passed.
    assert (traffic.window().recent_requests, traffic.window().recent_seconds) == (30, 29.0)
    now[0] = 101.0
    assert (traffic.window().recent_requests, traffic.window().recent_seconds) == (20, 21.0)
    now[0] = 121.0
    assert traffic.window().recent_requests == 0
