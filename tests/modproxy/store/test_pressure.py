"""A disk that refuses writes: when it is tried again, and what is told."""

import time

import pytest

from modproxy.store.pressure import Pressure


def test_a_disk_that_refuses_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    pressure = Pressure()
    assert pressure.may_try
    pressure.refused(OSError(28, "No space left on device"))
    assert not pressure.may_try
    assert pressure.reason == "the cache's disk refuses writes: No space left on device"
    later = time.monotonic() + 11
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert pressure.may_try
    pressure.written(time.monotonic())
    pressure.scarcity = "little is free"
    assert pressure.reason == "little is free"
