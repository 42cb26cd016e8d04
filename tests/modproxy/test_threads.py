"""Pools: each runs a bounded number of blocking functions at once, independently of other pools."""

import asyncio
import threading
import time

import pytest

from modproxy.threads import Pool


async def test_no_more_run_at_once_than_there_are_threads() -> None:
    pool, lock = Pool("few", 2), threading.Lock()
    running, most = 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    await asyncio.gather(*(pool.run(work) for _ in range(8)))
    pool.close()
    assert most == 2


async def test_what_a_function_returns_and_raises_comes_through() -> None:
    pool = Pool("few", 1)
    assert await pool.run(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await pool.run(divmod, 7, 0)
    pool.close()


async def test_a_pool_that_is_busy_holds_up_no_other() -> None:
    busy, free, go_on = Pool("busy", 1), Pool("free", 1), threading.Event()
    held = asyncio.create_task(busy.run(go_on.wait, 30))
    assert await asyncio.wait_for(free.run(int, "7"), 10) == 7
    assert not held.done()
    go_on.set()
    assert await held
    busy.close()
    free.close()


async def test_who_is_cancelled_waits_for_the_function_that_runs() -> None:
    pool, begun, go_on, ended = Pool("few", 1), threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(30)
        ended.set()

    running, queued = asyncio.create_task(pool.run(work)), asyncio.create_task(pool.run(pytest.fail, "it is left out"))
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(3):
        running.cancel()
        queued.cancel()
        await asyncio.sleep(0.01)
    assert not running.done()
    assert queued.cancelled()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()
    pool.close()
