"""The queue: what is due, in which order, and when a failure comes back. A clock of the test's own."""

from __future__ import annotations

import asyncio

import pytest

from goproxy_operator.reconcile.work.queue import Queue


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue[str]:
    return Queue(clock, jitter=lambda: 1.0)


async def test_a_key_is_there_once(queue: Queue[str]) -> None:
    for key in ("a", "b", "a", "a"):
        queue.add(key)
    assert len(queue) == 2
    assert [queue.take(), queue.take(), queue.take()] == ["a", "b", None]


async def test_a_key_that_a_worker_has_comes_back_when_it_is_done(queue: Queue[str]) -> None:
    queue.add("a")
    assert queue.take() == "a"
    queue.add("a")
    assert queue.take() is None
    queue.done("a")
    assert queue.take() == "a"
    queue.done("a")
    assert queue.take() is None


async def test_the_earlier_of_two_times_holds(queue: Queue[str], clock: Clock) -> None:
    queue.add("a", 60)
    queue.add("a", 10)
    queue.add("a", 30)
    clock.now += 9
    assert queue.take() is None
    clock.now += 1
    assert queue.take() == "a"
    queue.done("a")
    clock.now += 1000
    assert queue.take() is None


async def test_failures_come_back_later_each_time_and_a_success_forgets_them(queue: Queue[str], clock: Clock) -> None:
    pauses = []
    queue.add("a")
    for _ in range(12):
        assert queue.take() == "a"
        pause = queue.done("a", failed=True)
        assert pause is not None
        pauses.append(pause)
        clock.now += pause
    assert pauses == [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert queue.take() == "a"
    assert queue.done("a") is None
    queue.add("a")
    assert queue.take() == "a"
    assert queue.done("a", failed=True) == 0.5


async def test_an_object_that_is_refused_for_weeks_is_looked_at_all_the_same(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    for _ in range(5000):
        assert queue.take() == "a"
        queue.done("a", failed=True)
        clock.now += Queue.LONGEST_RETRY
    assert queue.take() == "a"


async def test_an_event_is_not_held_up_by_a_failure(queue: Queue[str]) -> None:
    queue.add("a")
    assert queue.take() == "a"
    queue.done("a", failed=True)
    assert queue.take() is None
    queue.add("a")
    assert queue.take() == "a"


async def test_workers_wait_and_none_is_forgotten() -> None:
    queue: Queue[int] = Queue(asyncio.get_running_loop().time)
    seen: list[int] = []

    async def work() -> None:
        while True:
            key = await queue.get()
            await asyncio.sleep(0)
            seen.append(key)
            queue.done(key)

    workers = [asyncio.create_task(work()) for _ in range(4)]
    await asyncio.sleep(0)
    for key in range(50):
        queue.add(key, delay=0.01 if key % 2 else 0)
    await asyncio.sleep(0.1)
    for worker in workers:
        worker.cancel()
    assert sorted(seen) == list(range(50))


def test_a_failure_may_bound_the_time_until_the_next_try() -> None:
    queue = Queue[str](lambda: 0.0, jitter=lambda: 1.0)
    pauses = []
    for _ in range(8):
        queue.add("a")
        assert queue.take() == "a"
        pauses.append(queue.done("a", failed=True, least=3.0, most=30.0))
    assert pauses == [3, 3, 3, 4, 8, 16, 30, 30]
