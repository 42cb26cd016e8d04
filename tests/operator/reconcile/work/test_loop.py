"""The workers: whatever a pass over one object raises, the others are reconciled, and the object itself again."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from goproxy_operator.kube.errors import ApiError
from goproxy_operator.kube.resources import Key
from goproxy_operator.reconcile.outcome import PassOutcome
from goproxy_operator.reconcile.work.loop import WORKERS, run_workers
from goproxy_operator.reconcile.work.queue import Queue

HOSTILE = Key("evil", "team-x")


@pytest.mark.parametrize(
    "fault",
    [
        OverflowError(),
        RecursionError(),
        UnicodeError("label too long"),
        KeyError("metadata"),
        MemoryError(),
        ExceptionGroup("several", [ValueError()]),
        ApiError(422, "refused\n" * 1000),
    ],
    ids=repr,
)
async def test_others_are_reconciled(fault: Exception) -> None:
    queue: Queue[Key] = Queue(asyncio.get_running_loop().time)
    seen: Counter[Key] = Counter()
    done = asyncio.Event()
    others = [Key("build", f"team-{number}") for number in range(3 * WORKERS)]

    async def reconcile(key: Key) -> PassOutcome:
        seen[key] += 1
        if key.namespace == HOSTILE.namespace:
            raise fault
        if all(seen[one] for one in others) and seen[HOSTILE] > 1:
            done.set()
        queue.add(others[0], 0.01)
        return PassOutcome()

    async def certain() -> None:
        return None

    # There are more hostile objects than workers.
    for number in range(2 * WORKERS):
        queue.add(Key(HOSTILE.namespace, f"{HOSTILE.name}-{number}"))
    queue.add(HOSTILE)
    for key in others:
        queue.add(key)
    working = asyncio.create_task(run_workers(queue, reconcile, certain))
    try:
        async with asyncio.timeout(20):
            await done.wait()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
