"""Bytes are promised before they are written, and never more than there is room for."""

import asyncio

from modproxy.room import Room


def test_no_more_is_promised_than_there_is() -> None:
    room = Room(lambda: 100)
    first, second = room.reserve(60), room.reserve(40)
    assert first is not None
    assert second is not None
    assert room.reserve(1) is None
    assert room.reserved == 100
    second.release()
    second.release()
    assert room.reserved == 60
    assert not first.grow_to(101)
    assert first.grow_to(100)
    assert first.grow_to(10), "a reservation never shrinks"
    assert room.reserved == 100


def test_a_place_that_is_overfull_takes_nothing_and_gives_back() -> None:
    free = 50
    room = Room(lambda: free)
    held = room.reserve(50)
    assert held is not None
    free = -10
    assert room.reserve(0) is not None, "no byte needs no room"
    held.release()
    assert room.reserved == 0


async def test_who_waits_gets_room_when_it_is_given_back() -> None:
    room = Room(lambda: 100)
    held = room.reserve(80)
    assert held is not None
    waiting = [asyncio.create_task(room.wait_and_reserve(size, 10)) for size in (90, 15)]
    await asyncio.sleep(0.01)
    assert [task.done() for task in waiting] == [False, True]
    small = await waiting[1]
    assert small is not None
    held.release()
    small.release()
    large = await waiting[0]
    assert large is not None
    assert room.reserved == 90


async def test_who_waits_in_vain() -> None:
    room = Room(lambda: 100)
    assert await room.wait_and_reserve(101, 3600) is None, "it never has room, so nobody waits"
    held = room.reserve(100)
    assert held is not None
    assert await room.wait_and_reserve(1, 0.01) is None
    assert room.reserved == 100
