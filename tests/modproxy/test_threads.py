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
