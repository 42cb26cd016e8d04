"""Tasks beside the requests: they begin again, what is wrong is told while it lasts, and vital ones fail liveness."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from modproxy import background
from modproxy.background import CALM, DEAD_AFTER, STUCK_AFTER, BackgroundTasks
from tests.kubernetes.eventually import eventually

FAULTS = [OSError(28, "No space left"), UnicodeError("label too long"), RecursionError(), MemoryError(), KeyError("x")]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def failing(fault: Exception, times: int) -> tuple[Callable[[], Awaitable[None]], list[int]]:
    """A task that fails so many times and then stays, and how often it has begun."""
    begun: list[int] = []

    async def run() -> None:
        begun.append(len(begun))
        if len(begun) <= times:
            raise fault
        await asyncio.Event().wait()

    return run, begun


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
async def test_a_task_begins_again(clock: Clock, fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    tasks = BackgroundTasks(clock, first_pause=0.001)
    run, begun = failing(fault, 2)
    tasks.start("tidying", run)
    await eventually(lambda: len(begun) == 3, "it has begun again twice")
    assert tasks.problems == (f"tidying: {type(fault).__name__}: {fault}",)
    assert tasks.dead() == []
    assert caplog.text.count("tidying has failed") == 1, "the same is told once"
    clock.now += CALM
    assert not tasks.problems, "it has worked for a while"
    tasks.close()


async def test_a_task_that_fails_for_months_begins_again_when_it_can(clock: Clock) -> None:
    tasks = BackgroundTasks(clock, first_pause=1e-300)
    run, begun = failing(OSError("x"), 1100)
    tasks.start("tidying", run)
    await eventually(lambda: len(begun) == 1101, "it has begun again")
    tasks.close()


async def test_a_vital_task_that_fails_again_and_again_is_dead(clock: Clock) -> None:
    tasks = BackgroundTasks(clock, first_pause=0.001)
    run, begun = failing(ValueError("x"), DEAD_AFTER)
    other, _ = failing(ValueError("y"), 10**6)
    tasks.start("following", run, vital=True)
    tasks.start("tidying", other)
    await eventually(lambda: len(begun) == DEAD_AFTER + 1, "it has begun again")
    assert tasks.dead() == ["following"], "one that is not vital never is"
    assert tasks.problem("following") == "following: ValueError: x"
    assert tasks.problems == ("tidying: ValueError: y",)
    clock.now += CALM
    assert (tasks.dead(), tasks.problem("following")) == ([], None)
    tasks.close()


async def test_it_is_dead_also_while_it_waits(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "DEAD_AFTER", 1)
    tasks = BackgroundTasks(clock, first_pause=1000.0)
    run, _ = failing(ValueError("x"), 1)
    tasks.start("following", run, vital=True)
    await eventually(lambda: bool(tasks.dead()), "it waits to begin again")
    clock.now += 2 * CALM
    assert tasks.dead() == ["following"]
    tasks.close()


async def test_one_failure_now_and_then_is_no_death(clock: Clock) -> None:
    tasks = BackgroundTasks(clock, first_pause=0.001)
    rounds = 0

    async def run() -> None:
        nonlocal rounds
        rounds += 1
        clock.now += CALM  # it has worked so long
        raise ValueError

    tasks.start("following", run, vital=True)
    await eventually(lambda: rounds > 3 * DEAD_AFTER, "it has failed often")
    assert tasks.dead() == []
    tasks.close()


async def test_a_vital_task_that_stands_still_is_dead(clock: Clock) -> None:
    tasks = BackgroundTasks(clock)
    run, _ = failing(ValueError(), 0)
    tasks.start("following", run, vital=True)
    clock.now += 10 * STUCK_AFTER
    assert tasks.dead() == [], "one that never beats is not missed"
    tasks.beat("following")
    clock.now += STUCK_AFTER
    assert tasks.dead() == []
    clock.now += 1
    assert tasks.dead() == ["following"]
    tasks.beat("following")
    assert tasks.dead() == []
    tasks.end("following")
    assert tasks.dead() == []
    tasks.beat("following")  # a last look of a task that has been ended


async def test_what_is_not_to_begin_again_does_not_and_is_told_on(clock: Clock) -> None:
    tasks = BackgroundTasks(clock, first_pause=0.001)
    run, begun = failing(OSError("gone"), 1)
    tasks.start("count", run, again=False)
    await eventually(lambda: bool(tasks.problems), "it has failed")
    clock.now += 100 * CALM
    await asyncio.sleep(0.01)
    assert (len(begun), tasks.problems) == (1, ("count: OSError: gone",))
    tasks.close()


async def test_a_task_that_is_done_is_done(clock: Clock) -> None:
    tasks = BackgroundTasks(clock, first_pause=0.001)
    begun: list[None] = []

    async def run() -> None:
        begun.append(None)
        tasks.beat("count")

    tasks.start("count", run, vital=True)
    await eventually(lambda: bool(begun), "it has run")
    clock.now += 10 * STUCK_AFTER
    assert (tasks.dead(), tasks.problems, len(begun)) == ([], (), 1)
