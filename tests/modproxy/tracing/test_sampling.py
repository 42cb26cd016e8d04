"""Which requests are told."""

import pytest

from modproxy.tracing.sampling import MOST_SPANS, Sampler


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("percent", "chance", "chosen"),
    [(100.0, 0.999, True), (5.0, 0.049, True), (5.0, 0.05, False), (0.0, 0.0, False), (0.5, 0.004, True)],
)
def test_the_share(percent: float, chance: float, chosen: bool) -> None:
    sampler = Sampler(percent, Clock(), lambda: chance)
    for _ in range(5):  # what is chosen in small traffic beside the share
        sampler.chosen()
    assert sampler.chosen() is chosen


@pytest.mark.parametrize(
    ("percent", "each_second", "least", "most"),
    [(5.0, 1, 60, 60), (5.0, 10, 60, 70), (5.0, 100, 60, 70), (0.0, 1, 0, 0)],
)
def test_small_traffic_is_chosen_whole(percent: float, each_second: int, least: int, most: int) -> None:
    clock = Clock()
    sampler, chosen = Sampler(percent, clock, lambda: 0.99), 0
    for _ in range(60):
        clock.now += 1.0
        chosen += sum(sampler.chosen() for _ in range(each_second))
    assert least <= chosen <= most


@pytest.mark.parametrize(
    ("chosen", "notable", "told"), [(True, False, True), (False, True, True), (True, True, True), (False, False, False)]
)
def test_what_is_told(*, chosen: bool, notable: bool, told: bool) -> None:
    assert Sampler(5.0, Clock(), lambda: 0.5).told(3, chosen=chosen, notable=notable) is told


def test_a_flood_is_bounded_and_ordinary_requests_leave_room_for_errors() -> None:
    clock = Clock()
    sampler = Sampler(100.0, clock, lambda: 0.0)
    ordinary = sum(sampler.told(1, chosen=True, notable=False) for _ in range(10_000))
    assert ordinary == MOST_SPANS
    errors = sum(sampler.told(1, chosen=False, notable=True) for _ in range(10_000))
    assert errors == MOST_SPANS
    clock.now = 1.0
    assert sum(sampler.told(1, chosen=False, notable=True) for _ in range(10_000)) == MOST_SPANS
    clock.now = 2.0
    assert sum(sampler.told(4, chosen=False, notable=True) for _ in range(10_000)) == MOST_SPANS / 4
    clock.now = 0.0  # a clock that goes back gives nothing
    assert not sampler.told(1, chosen=False, notable=True)


def test_a_flood_of_refusals_leaves_room_for_errors() -> None:
    clock = Clock()
    sampler = Sampler(5.0, clock, lambda: 0.5)

    def refusals() -> int:
        return sum(sampler.told(1, chosen=False, notable=False, refused=True) for _ in range(10_000))

    assert refusals() == 1.5 * MOST_SPANS
    clock.now = 1.0
    assert refusals() == MOST_SPANS
    assert sum(sampler.told(1, chosen=False, notable=True) for _ in range(10_000)) == MOST_SPANS / 2
    clock.now = 1.4
    assert refusals() == 0
    assert sampler.told(1, chosen=False, notable=True)
