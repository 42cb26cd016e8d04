"""The bounds of the cache: what is not fetched, which fetches end early, and what is never held in memory."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from modproxy.cache.answer import CacheStatus
from modproxy.cache.lookup import Cache
from modproxy.source.protocol import NotFound, Unavailable
from tests.kubernetes.eventually import eventually
from tests.modproxy.cache.drained import drained
from tests.modproxy.making import request, rules
from tests.modproxy.module_files import raw_zip
from tests.modproxy.source.fake_source import FakeSource, SlowSource
from tests.modproxy.store.memory_store import MemoryStore

LIST, INFO, MOD, ZIP = "example.com/m/@v/list", *(f"example.com/m/@v/v1.0.0.{kind}" for kind in ("info", "mod", "zip"))
PACKED = raw_zip({"example.com/m@v1.0.0/big": bytes(range(256)) * 2000}, compression=0)


async def test_a_head_of_a_zip_fetches_no_zip(cache: Cache, store: MemoryStore) -> None:
    source = FakeSource({INFO: b'{"Version": "v1.0.0"}', ZIP: PACKED})
    answer = await cache.exists(request(ZIP), rules(source))
    assert (answer.status, answer.size, answer.body, answer.stored) == (CacheStatus.MISS, None, None, None)
    assert source.keys == [INFO]
    with pytest.raises(NotFound):
        await cache.exists(request("example.com/none/@v/v1.0.0.zip"), rules(source))
    await drained(await cache.get(request(ZIP), rules(source)), store)
    await eventually(lambda: ZIP in store.files, "the zip is kept")
    assert (await cache.exists(request(ZIP), rules(source))).size == len(PACKED)


async def test_a_fetch_ends_when_all_who_waited_have_left(cache: Cache, store: MemoryStore) -> None:
    class Hanging(FakeSource):
        async def _body(self, answer: bytes) -> AsyncIterator[bytes]:
            yield answer[:100_000]
            await asyncio.Event().wait()

    source = Hanging({ZIP: PACKED, MOD: b"module example.com/m\n"})
    waiting = [asyncio.create_task(cache.get(request(MOD), rules(source))) for _ in range(2)]
    await eventually(lambda: source.open == 1, "the fetch is under way")
    waiting[0].cancel()
    await asyncio.sleep(0)
    assert source.open == 1, "another still waits"
    waiting[1].cancel()
    answers = [await cache.get(request(ZIP), rules(source)) for _ in range(3)]
    await eventually(lambda: source.open == 1, "the first fetch has ended")
    for answer in answers:
        answer.close()
    await eventually(lambda: source.open == 0, "the second fetch has ended")
    assert all(draft.closed for draft in store.drafts)
    assert not store.files
    assert source.keys == [MOD, ZIP]


async def test_there_is_a_bound_of_fetches(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modproxy.cache.lookup._MOST_FLIGHTS", 2)
    keys = [f"example.com/m{number}/@v/list" for number in range(2)]
    source = SlowSource(dict.fromkeys([*keys, LIST], b"v1.0.0\n"))
    waiting = [asyncio.create_task(cache.get(request(key), rules(source))) for key in keys]
    await eventually(lambda: source.open == 2, "two fetches are under way")
    with pytest.raises(Unavailable, match="are under way") as refused:
        await cache.get(request(LIST), rules(source))
    assert (refused.value.status, refused.value.retry_after) == (503, "10")
    source.go_on.set()
    await asyncio.gather(*waiting)
    assert (await cache.get(request(LIST), rules(source))).body == b"v1.0.0\n"


async def test_a_fetch_under_way_is_not_refused_what_it_needs_itself(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modproxy.cache.lookup._MOST_FLIGHTS", 0)
    source = FakeSource({MOD: b"module example.com/m\n"})
    with pytest.raises(Unavailable, match="are under way"):
        await cache.get(request(MOD), rules(source))
    assert await cache.read(request(MOD), rules(source)) == b"module example.com/m\n"


async def test_a_large_answer_that_is_not_stored_is_read_from_a_draft(cache: Cache, store: MemoryStore) -> None:
    store.refuses = True
    body = b"module example.com/m\n" + b"// x\n" * 20_000
    source = FakeSource({MOD: body})
    answer = await cache.get(request(MOD), rules(source))
    assert (answer.body, answer.size) == (None, len(body))
    assert not store.drafts[0].closed
    assert await drained(answer, store) == body
    assert store.drafts[0].closed
    assert await cache.read(request(MOD), rules(source)) == body


async def test_who_waits_when_the_cache_closes_is_told(cache: Cache) -> None:
    waiting = asyncio.create_task(cache.get(request(MOD), rules(FakeSource({MOD: b"module example.com/m\n"}))))
    await asyncio.sleep(0)  # the request waits now, and the task of the fetch has not begun
    await cache.close()
    with pytest.raises(Unavailable, match="shutting down"):
        await waiting


async def test_a_large_answer_is_read_from_the_store(cache: Cache, store: MemoryStore) -> None:
    body = b"module example.com/m\n" + b"// x\n" * 20_000
    source = FakeSource({MOD: body})
    first, again = [await cache.get(request(MOD), rules(source)) for _ in range(2)]
    assert (first.body, again.body, first.size) == (None, None, len(body))
    assert await drained(first, store) == await drained(again, store) == body
    assert await cache.read(request(MOD), rules(source)) == body
