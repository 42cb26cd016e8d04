"""Turns: in order, so many at once, none before all fleets were looked at, none lost."""

from __future__ import annotations

import random

import pytest

from goproxy_operator.kube.resources import Key
from goproxy_operator.reconcile.decide.rollouts import Rollouts, changing, ready, rolling

FLEETS = [Key("build", f"fleet-{number:02}") for number in range(20)]


def stateful_set(**status: object) -> dict[str, object]:
    counts = {"observedGeneration": 2, "currentRevision": "a", "updateRevision": "a", "updatedReplicas": 2}
    return {
        "metadata": {"generation": 2},
        "spec": {"replicas": 2},
        "status": counts | {"readyReplicas": 2} | status,
    }


@pytest.mark.parametrize(
    ("item", "is_changing", "is_rolling", "is_ready"),
    [
        (None, False, False, False),
        (stateful_set(), False, False, True),
        (stateful_set(observedGeneration=1), True, True, True),
        (stateful_set(updateRevision="b"), True, True, True),
        (stateful_set(updatedReplicas=1), False, True, True),
        (stateful_set(readyReplicas=1), False, True, False),
    ],
)
def test_states(item: dict[str, object] | None, is_changing: bool, is_rolling: bool, is_ready: bool) -> None:
    assert (changing(item), rolling(item), ready(item)) == (is_changing, is_rolling, is_ready)


class World:
    """Twenty fleets that all need a roll-out, which ends when the test says so."""

    def __init__(self, limit: int, fleets: list[Key] = FLEETS) -> None:
        self.old = set(fleets)
        self.broken: set[Key] = set()
        """Fleets that are never ready, whatever they run."""
        self.under_way: set[Key] = set()
        self.order: list[Key] = []
        self.most = 0
        self.queue: list[Key] = list(fleets)
        self.rollouts = Rollouts(limit, lambda: fleets, self.queue.append)

    def work(self) -> None:
        while self.queue:
            fleet = self.queue.pop(random.randrange(len(self.queue)))
            waits = fleet in self.old and not self.rollouts.turn(fleet, ready=fleet not in self.broken)
            if fleet in self.old and not waits:
                self.old.discard(fleet)
                self.under_way.add(fleet)
                self.order.append(fleet)
            self.most = max(self.most, len(self.under_way))
            changed = stateful_set(updateRevision="b") if fleet in self.under_way else stateful_set()
            found = stateful_set(readyReplicas=0) if fleet in self.broken and fleet not in self.under_way else changed
            self.rollouts.looked_at(fleet, found, waits=waits)

    def finish(self, fleet: Key) -> None:
        self.under_way.discard(fleet)
        self.queue.append(fleet)
        self.work()


def test_all_get_their_turn_in_order_and_never_more_than_so_many_at_once() -> None:
    world = World(limit=3)
    world.work()
    assert sorted(world.under_way) == FLEETS[:3]
    while world.under_way:
        world.finish(min(world.under_way))
    assert world.order[3:] == FLEETS[3:]
    assert world.most == 3
    assert (world.rollouts.waiting, world.rollouts.rolling) == (0, 0)


def test_those_that_never_become_ready_stop_the_others() -> None:
    world = World(limit=2)
    world.work()
    world.finish(FLEETS[0])
    world.queue[:] = FLEETS
    world.work()
    assert sorted(world.under_way) == [FLEETS[1], FLEETS[2]]
    assert world.rollouts.waiting == 17


def test_after_a_restart_what_is_under_way_counts() -> None:
    world = World(limit=2)
    world.old -= {FLEETS[7], FLEETS[8]}
    world.under_way = {FLEETS[7], FLEETS[8]}
    world.work()
    assert world.order == []
    world.finish(FLEETS[7])
    assert world.order == [FLEETS[0]]


def test_those_that_were_not_ready_before_stop_nobody() -> None:
    world = World(limit=2)
    world.broken = set(FLEETS[:5])
    world.work()
    assert sorted(world.order) == FLEETS[:7], "those that were ready have both turns"
    for fleet in FLEETS[5:]:
        world.finish(fleet)
    assert sorted(world.order) == FLEETS
    assert world.under_way == world.broken


def test_one_namespace_whose_fleets_never_become_ready_has_not_all_turns() -> None:
    other = [Key("test", f"fleet-{number}") for number in range(6)]
    world = World(3, FLEETS + other)
    world.work()
    assert sorted(world.under_way) == [*FLEETS[:2], other[0]]
    for fleet in other:
        world.finish(fleet)
    assert [fleet for fleet in world.order if fleet in other] == other
    assert sorted(world.under_way) == FLEETS[:3], "nobody else waits"


def test_those_that_were_not_ready_wait_for_a_turn_too() -> None:
    world = World(limit=1)
    world.broken = {FLEETS[1]}
    world.work()
    assert world.order == FLEETS[:1], "the new version may be one that does not start"


def test_after_a_restart_those_that_are_not_ready_stop_nobody() -> None:
    world = World(limit=2)
    world.broken = set(FLEETS[:5])
    world.old -= world.broken
    world.work()
    assert sorted(world.order) == FLEETS[5:7]


def test_one_that_goes_gives_its_turn_back() -> None:
    world = World(limit=1)
    world.work()
    first = world.order[0]
    assert first == FLEETS[0]
    world.under_way.discard(first)
    world.rollouts.forget(first)
    world.work()
    assert world.order == [FLEETS[0], FLEETS[1]]


def test_one_that_is_being_deleted_keeps_nobody_waiting() -> None:
    world = World(limit=1)
    world.queue.remove(FLEETS[5])
    world.work()
    assert world.order == [], "one is not looked at yet"
    world.rollouts.forget(FLEETS[5])
    world.work()
    assert world.order == [FLEETS[0]]
