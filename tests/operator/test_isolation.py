"""A fault with one object, or of one task, ends nothing else."""

from __future__ import annotations

import asyncio
import json

import pytest

from goproxy_operator.isolation import isolated, supervised
from goproxy_operator.metrics import REGISTRY

FAULTS_OF_CODE = [
    OverflowError("cannot convert float infinity to integer"),
    UnicodeError("label too long"),
    RecursionError(),
    MemoryError(),
    KeyError("metadata"),
    json.JSONDecodeError("x", "y", 0),
    ExceptionGroup("several", [ValueError()]),
    StopIteration(),
]


def counted() -> float:
    return REGISTRY.get_sample_value("goproxy_operator_faults_total") or 0.0


@pytest.mark.parametrize("fault", FAULTS_OF_CODE, ids=repr)
async def test_what_comes_after_a_block_is_done(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    before = counted()
    with isolated("GoProxy build/team-a"):
        raise fault
    assert counted() == before + 1
    assert "GoProxy build/team-a: a fault of the operator" in caplog.text


async def test_an_end_is_no_fault() -> None:
    with pytest.raises(asyncio.CancelledError), isolated("x"):
        raise asyncio.CancelledError


@pytest.mark.parametrize("fault", FAULTS_OF_CODE[:-1], ids=repr)
async def test_a_task_begins_again(fault: Exception) -> None:
    begun = 0

    async def run() -> None:
        nonlocal begun
        begun += 1
        if begun < 4:
            raise fault

    before = counted()
    await supervised("watch", run, pause=0.001)
    assert (begun, counted() - before) == (4, 3)


async def test_what_is_to_end_the_operator_does() -> None:
    class NoRightError(Exception):
        pass

    async def run() -> None:
        raise NoRightError

    with pytest.raises(NoRightError):
        await supervised("watch", run, fatal=(NoRightError,))


async def test_a_supervised_task_can_be_cancelled_while_it_waits() -> None:
    async def run() -> None:
        raise ValueError

    before = counted()
    task = asyncio.create_task(supervised("watch", run, pause=1000.0))
    while counted() == before:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
