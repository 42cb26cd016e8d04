"""Work that several wait for is done once, and goes on when they leave."""

import asyncio

import pytest

from modproxy.source.protocol import SourceError, Unavailable
from modproxy.source.shared_tasks import SharedTasks


class Work:
    """Work that ends with a result or an error when `go_on` is set."""

    def __init__(self, outcome: str | SourceError) -> None:
        self.outcome = outcome
        self.begun = 0
        self.go_on = asyncio.Event()

    async def __call__(self) -> str:
        self.begun += 1
        await self.go_on.wait()
        if isinstance(self.outcome, SourceError):
            raise self.outcome
        return self.outcome


async def test_it_is_done_once_for_all_who_wait() -> None:
    shared, work, other = SharedTasks[str, str](), Work("done"), Work("other")
    waiting = [asyncio.create_task(shared.result("key", work)) for _ in range(5)]
    waiting.append(asyncio.create_task(shared.result("another", other)))
    await asyncio.sleep(0)
    assert len(shared) == 2
    work.go_on.set()
    other.go_on.set()
    assert await asyncio.gather(*waiting) == ["done"] * 5 + ["other"]
    assert (work.begun, len(shared)) == (1, 0)
    assert await shared.result("key", work) == "done"
    assert work.begun == 2


async def test_it_goes_on_when_one_leaves() -> None:
    shared, work = SharedTasks[str, str](), Work("done")
    leaving = asyncio.create_task(shared.result("key", work))
    staying = asyncio.create_task(shared.result("key", work))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    work.go_on.set()
    assert await staying == "done"
    assert work.begun == 1


async def test_everybody_gets_an_error_of_their_own() -> None:
    shared, work = SharedTasks[str, str](), Work(Unavailable("down", 503))
    work.go_on.set()
    errors = await asyncio.gather(*(shared.result("key", work) for _ in range(3)), return_exceptions=True)
    assert [str(error) for error in errors] == ["down"] * 3
    assert len(set(map(id, errors))) == 3
    assert all(isinstance(error, Unavailable) and error.status == 503 for error in errors)


async def test_an_error_does_not_wait_for_who_comes_later() -> None:
    shared, work = SharedTasks[str, str](), Work(Unavailable("down"))
    work.go_on.set()
    task = shared.begin("key", work)
    await asyncio.sleep(0)
    assert task.done()
    work.outcome = "done"
    assert await shared.result("key", work) == "done"
    with pytest.raises(Unavailable):
        task.result()
