"""How many things may happen in a second, and at once."""

from modproxy.sync.rate import Rate


def test_a_rate() -> None:
    now = [0.0]
    rate = Rate(2.0, 3, lambda: now[0])
    assert [rate.take() for _ in range(4)] == [True, True, True, False]
    now[0] = 0.5
    assert [rate.take() for _ in range(2)] == [True, False]
    now[0] = 1000.0
    assert [rate.take() for _ in range(4)] == [True, True, True, False]
