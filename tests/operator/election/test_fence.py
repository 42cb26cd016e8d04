"""Writes and the Lease; what watches say; how often kopf may ask."""

from __future__ import annotations

import asyncio

import pytest

from goproxy_operator.election.fence import Fence, NotHeldError


async def test_a_write_leaves_while_the_lease_is_certain() -> None:
    async def send() -> str:
        return "done"

    assert await Fence(lambda: 1.0).write(send) == "done"


async def test_no_write_leaves_when_it_is_not() -> None:
    sent = False

    async def send() -> None:
        nonlocal sent
        sent = True

    with pytest.raises(NotHeldError):
        await Fence(lambda: 0.0).write(send)
    assert not sent


async def test_time_that_passes_before_its_turn_counts() -> None:
    sent = False
    left = iter([1.0, 0.0])

    async def send() -> None:
        nonlocal sent
        sent = True

    with pytest.raises(NotHeldError):
        await Fence(lambda: next(left, 0.0)).write(send)
    assert not sent


async def test_a_write_on_its_way_is_cut_off_when_the_lease_ends_and_not_when_it_is_renewed() -> None:
    clock = asyncio.get_running_loop().time
    until = clock() + 0.05
    cut = False

    async def send() -> None:
        nonlocal cut
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            cut = True
            raise

    async def renew() -> None:
        nonlocal until
        await asyncio.sleep(0.02)
        until = clock() + 0.1

    begun = clock()
    renewing = asyncio.create_task(renew())
    with pytest.raises(NotHeldError):
        await Fence(lambda: until - clock()).write(send)
    await renewing
    assert clock() - begun > 0.1
    await asyncio.sleep(0)
    assert cut


async def test_the_answer_to_a_write_is_awaited_when_the_work_is_cancelled() -> None:
    over = False

    async def send() -> None:
        nonlocal over
        await asyncio.sleep(0.05)
        over = True

    writing = asyncio.create_task(Fence(lambda: 5.0).write(send))
    await asyncio.sleep(0.01)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert over


async def test_errors_of_a_write_are_passed_on() -> None:
    async def send() -> None:
        raise OSError("no route")

    with pytest.raises(OSError, match="no route"):
        await Fence(lambda: 1.0).write(send)
