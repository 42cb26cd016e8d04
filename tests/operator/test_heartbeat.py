"""Signs of life: what falls silent is named, what ends in order is not."""

from __future__ import annotations

from goproxy_operator.heartbeat import Heartbeats


def test_what_falls_silent_is_named() -> None:
    now = 0.0
    hearts = Heartbeats(lambda: now, limit=10)
    hearts.beat("watch")
    hearts.beat("kopf")
    now = 9
    hearts.beat("kopf")
    assert hearts.stuck() == []
    now = 11
    assert hearts.stuck() == ["watch"]
    hearts.beat("watch")
    with hearts.during("reconcile"):
        now = 30
        assert hearts.stuck() == ["kopf", "reconcile", "watch"]
    hearts.end("kopf")
    assert hearts.stuck() == ["watch"]
