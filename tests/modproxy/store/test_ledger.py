"""The ledger: what is counted, and that listeners hear of everything, in order, a bounded number at a time."""

import asyncio

from modproxy.store.ledger import Ledger
from tests.modproxy.store.test_store import Diary


async def test_listeners_hear_in_order_and_the_event_loop_has_its_turns() -> None:
    ledger, diary = Ledger(asyncio.get_running_loop()), Diary()
    ledger.subscribe(diary)

    def change() -> None:
        for number in range(1200):
            with ledger.changing():
                ledger.published(str(number), 10, None, told=True)

    await asyncio.to_thread(change)
    turns = 0
    while len(diary.said) < 1200:
        await asyncio.sleep(0)
        turns += 1
        assert turns < 10_000
    assert diary.said == [f"+{number}" for number in range(1200)]
    assert (ledger.objects, ledger.used_bytes) == (1200, 12_000)


async def test_what_is_counted() -> None:
    ledger, diary = Ledger(asyncio.get_running_loop()), Diary()
    ledger.subscribe(diary)
    ledger.counted(3, 300)
    with ledger.changing():
        ledger.published("a", 10, None, told=True)
        ledger.published("a", 15, 10, told=True)
        ledger.published("hash", 5, None, told=False)
        ledger.removed("a", 15, told=True)
    await asyncio.sleep(0)
    assert (ledger.objects, ledger.used_bytes) == (4, 305)
    assert diary.said == ["+a", "+a", "-a"]


async def test_a_ledger_without_listeners_remembers_nothing() -> None:
    ledger, diary = Ledger(asyncio.get_running_loop()), Diary()
    with ledger.changing():
        ledger.published("a", 10, None, told=True)
    ledger.subscribe(diary)
    await asyncio.sleep(0)
    assert diary.said == []
