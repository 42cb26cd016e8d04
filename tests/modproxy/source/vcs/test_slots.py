"""Slots: how many fetches run at once, and that a dead host leaves room for others."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from modproxy.source.vcs import slots as module
from modproxy.source.vcs.slots import NoSlot, Slots


async def free(slots: Slots, host: str, *, private: bool = False) -> bool:
    try:
        async with slots.slot(host, private=private, patience=0.01):
            return True
    except NoSlot:
        return False


async def test_a_host_has_its_own_slots() -> None:
    slots = Slots()
    async with AsyncExitStack() as stack:
        for _ in range(6):
            await stack.enter_async_context(slots.slot("dead.example.com", private=False, patience=1))
        assert not await free(slots, "dead.example.com")
        assert await free(slots, "other.example.com")
    assert await free(slots, "dead.example.com")


async def test_private_modules_have_slots_of_their_own() -> None:
    slots = Slots()
    async with AsyncExitStack() as stack:
        for n in range(16):
            await stack.enter_async_context(slots.slot(f"h{n}.example.com", private=False, patience=1))
        assert not await free(slots, "other.example.com")
        assert await free(slots, "git.corp.example.com", private=True)


async def test_few_wait_for_one_host() -> None:
    slots = Slots()

    async def wait() -> None:
        async with slots.slot("dead.example.com", private=False, patience=60):
            pass

    async with AsyncExitStack() as stack:
        for _ in range(6):
            await stack.enter_async_context(slots.slot("dead.example.com", private=False, patience=1))
        waiting = [asyncio.create_task(wait()) for _ in range(64)]
        await asyncio.sleep(0)
        with pytest.raises(NoSlot):
            await wait()
        assert await free(slots, "other.example.com")
    await asyncio.gather(*waiting)


async def test_a_host_that_timed_out_has_one_slot_until_it_answers() -> None:
    slots = Slots()
    with pytest.raises(TimeoutError):
        async with slots.slot("slow.example.com", private=False, patience=1):
            raise TimeoutError
    async with slots.slot("slow.example.com", private=False, patience=1):
        assert not await free(slots, "slow.example.com")
    async with slots.slot("slow.example.com", private=False, patience=1):
        assert await free(slots, "slow.example.com")


async def test_a_cancelled_fetch_gives_its_slot_back_and_a_waiter_takes_it() -> None:
    slots = Slots()
    begun = asyncio.Event()

    async def hold() -> None:
        async with slots.slot("a.example.com", private=False, patience=30):
            begun.set()
            await asyncio.sleep(60)

    holding = [asyncio.create_task(hold()) for _ in range(6)]
    await begun.wait()
    waiting = asyncio.create_task(free(slots, "a.example.com"))
    holding[0].cancel()
    await asyncio.wait([waiting])
    for task in holding:
        task.cancel()
    await asyncio.gather(*holding, return_exceptions=True)
    async with AsyncExitStack() as stack:
        for _ in range(6):
            await stack.enter_async_context(slots.slot("a.example.com", private=False, patience=1))


async def test_names_that_clients_make_up_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_SUSPECTS", 10)
    slots = Slots()
    for n in range(50):
        assert await free(slots, f"h{n}.example.com")
        with pytest.raises(TimeoutError):
            async with slots.slot(f"s{n}.example.com", private=False, patience=1):
                raise TimeoutError
    assert list(slots._hosts) == [(f"s{n}.example.com", False) for n in range(40, 50)]
