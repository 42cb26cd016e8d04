"""The ledger: what is counted, and that listeners hear of everything, in order, a bounded number at a time."""

import asyncio
import os

import pytest

from modproxy.store.ledger import Ledger
from tests.modproxy.store.test_store import Diary

BORN = 10**18


async def test_listeners_hear_in_order_and_the_event_loop_has_its_turns() -> None:
    ledger, diary = Ledger(asyncio.get_running_loop()), Diary()
    ledger.subscribe(diary)

    def change() -> None:
        for number in range(1200):
            with ledger.changing():
                ledger.published(str(number), 10, None)
            ledger.tell(str(number), published=True)

    await asyncio.to_thread(change)
    turns = 0
    while len(diary.said) < 1200:
        await asyncio.sleep(0)
        turns += 1
        assert turns < 10_000
    assert diary.said == [f"+{number}" for number in range(1200)]
    assert (ledger.objects, ledger.used_bytes) == (1200, 12_000)


def file(size: int, age: int = 0) -> os.stat_result:
    """The state of a file that is so many seconds older than the process."""
    return os.stat_result([0] * 6 + [size] + [0] * 3, {"st_mtime_ns": BORN - age * 10**9})


async def test_what_is_counted() -> None:
    ledger, diary = Ledger(asyncio.get_running_loop()), Diary()
    ledger.born_ns = BORN
    ledger.subscribe(diary)
    with ledger.changing():
        ledger.counted("0", file(300, age=1))
        ledger.counted("1", file(100, age=0))
        ledger.published("a", 10, None)
        ledger.published("a", 15, file(10))
        ledger.published("hash", 5, None)
    ledger.tell("a", published=True)
    with ledger.changing():
        ledger.removed("a", file(15), told=True)
        ledger.removed("b", file(0), told=False)
    await asyncio.sleep(0)
    assert (ledger.objects, ledger.used_bytes) == (1, 305)
    assert diary.said == ["+a", "-a"]


@pytest.mark.parametrize(
    ("reached", "goes", "left"),
    [
        ("b/x", "b/w", 0),
        ("b/x", "b/x", 0),
        ("b/x", "b/y", 100),
        ("b/x", "b/x/y", 100),
        ("b/x", "b-/x", 100),
        ("b-/x", "b/x", 0),
    ],
)
async def test_an_older_file_that_goes_is_subtracted_only_if_the_count_has_found_it(
    reached: str, goes: str, left: int
) -> None:
    ledger = Ledger(asyncio.get_running_loop())
    ledger.born_ns = BORN
    with ledger.changing():
        ledger.counted(reached, file(100, age=1))
        ledger.removed(goes, file(100, age=1), told=True)
    assert ledger.used_bytes == left
    ledger.counted_all()
    with ledger.changing():
        ledger.removed("z", file(30, age=1), told=True)
    assert ledger.used_bytes == left - 30


async def test_a_ledger_without_listeners_remembers_nothing() -> None:
    ledger, diary = Ledger(asyncio.get_running_loop()), Diary()
    ledger.tell("a", published=True)
    ledger.subscribe(diary)
    await asyncio.sleep(0)
    assert diary.said == []
