"""The cache over a store in memory and a source of the test's own: what is fetched, stored, remembered and shared."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from modproxy.cache.answer import CacheStatus, KnownAbsent
from modproxy.cache.lookup import Cache
from modproxy.source.protocol import Denied, Mismatch, NotFound, NotHeld, SourceError, Unavailable
from tests.kubernetes.eventually import eventually
from tests.modproxy.cache.drained import drained
from tests.modproxy.making import request, rules
from tests.modproxy.module_files import module_zip
from tests.modproxy.source.fake_source import FakeSource, SlowSource
from tests.modproxy.store.memory_store import MemoryStore

LIST, INFO, MOD, ZIP = "example.com/m/@v/list", *(f"example.com/m/@v/v1.0.0.{kind}" for kind in ("info", "mod", "zip"))
PACKED = module_zip("example.com/m", "v1.0.0", {"go.mod": b"module example.com/m\n", "big": bytes(range(256)) * 999})


async def held_for(seconds: float, cache: Cache, store: MemoryStore) -> FakeSource:
    """Let the cache hold a list that it fetched so long ago. Return the source of the list."""
    source = FakeSource({LIST: b"v1.0.0\n"})
    await cache.get(request(LIST), rules(source))
    store.age(LIST, seconds)
    return source


async def test_the_first_asks_the_source_and_the_next_does_not(cache: Cache, store: MemoryStore) -> None:
    source = FakeSource({MOD: b"module example.com/m\n"})
    first = await cache.get(request(MOD), rules(source))
    second = await cache.get(request(MOD), rules(source))
    assert (first.status, second.status) == (CacheStatus.MISS, CacheStatus.HIT)
    assert first.body == second.body == b"module example.com/m\n"
    assert first.etag == second.etag == store.files[MOD][0].etag
    assert source.keys == [MOD]


async def test_who_asks_meanwhile_shares_the_fetch(cache: Cache, store: MemoryStore) -> None:
    source = FakeSource({ZIP: PACKED})
    answers = await asyncio.gather(*(cache.get(request(ZIP), rules(source)) for _ in range(20)))
    assert {await drained(answer, store) for answer in answers} == {PACKED}
    assert source.keys == [ZIP]
    assert source.open == 0


async def test_a_zip_streams_and_is_kept_with_its_hash(cache: Cache, store: MemoryStore) -> None:
    source = FakeSource({ZIP: PACKED}, told=False)
    assert await drained(await cache.get(request(ZIP), rules(source)), store) == PACKED
    await eventually(lambda: ZIP in store.files, "the zip is kept")
    file, data = store.files[ZIP]
    assert data == PACKED
    assert file.dirhash is not None
    assert file.dirhash.startswith("h1:")
    await eventually(lambda: store.drafts[0].closed, "the draft is let go of")


async def test_a_wrong_zip_is_not_kept_and_the_next_reader_waits_for_the_reason(
    cache: Cache, store: MemoryStore
) -> None:
    broken = FakeSource({ZIP: PACKED[: len(PACKED) // 2]}, told=False)
    with pytest.raises(Exception, match="refused") as first:
        await drained(await cache.get(request(ZIP), rules(broken)), store)
    with pytest.raises(Unavailable, match="refused"):
        await cache.get(request(ZIP), rules(broken))
    assert first.type.__name__ in ("CutShort", "Unfit")
    assert not store.files


async def test_an_absence_is_remembered_and_forgotten_with_its_source(cache: Cache) -> None:
    empty = FakeSource({MOD: NotFound("gone", 410)})
    with pytest.raises(NotFound) as fresh:
        await cache.get(request(MOD), rules(empty))
    assert not isinstance(fresh.value, KnownAbsent)
    with pytest.raises(KnownAbsent) as known:
        await cache.get(request(MOD), rules(empty))
    assert known.value.status == 410
    assert empty.keys == [MOD]
    full = FakeSource({MOD: b"module example.com/m\n"})
    assert (await cache.get(request(MOD), rules(full, generation=2))).body == b"module example.com/m\n"


async def test_an_absence_is_remembered_for_no_time_where_the_config_says_so(cache: Cache) -> None:
    source = FakeSource()
    for _ in range(2):
        with pytest.raises(NotFound):
            await cache.get(request(MOD), rules(source, {"cache": {"notFoundTTL": "0s"}}))
    assert source.keys == [MOD, MOD]


@pytest.mark.parametrize("error", [Unavailable("down"), Mismatch("SECURITY"), Unavailable("busy", 503)])
async def test_an_outage_is_never_remembered(cache: Cache, error: Unavailable) -> None:
    source = FakeSource({MOD: error})
    for _ in range(2):
        with pytest.raises(type(error)):
            await cache.get(request(MOD), rules(source))
    assert source.keys == [MOD, MOD]
    assert cache.mismatches == (2 if isinstance(error, Mismatch) else 0)


async def test_an_old_list_is_given_and_refreshed_behind(cache: Cache, store: MemoryStore) -> None:
    source = await held_for(100, cache, store)
    source.answers[LIST] = b"v1.0.0\nv1.1.0\n"
    old = await cache.get(request(LIST), rules(source))
    assert (old.status, old.body) == (CacheStatus.STALE, b"v1.0.0\n")
    assert old.age >= 100
    await eventually(lambda: store.files[LIST][1] == b"v1.0.0\nv1.1.0\n", "the list is refreshed")
    assert (await cache.get(request(LIST), rules(source))).status is CacheStatus.HIT


async def test_a_list_that_is_too_old_waits_for_the_new_one(cache: Cache, store: MemoryStore) -> None:
    source = await held_for(20 * 3600, cache, store)
    source.answers[LIST] = b"v1.0.0\nv1.1.0\n"
    new = await cache.get(request(LIST), rules(source))
    assert (new.status, new.body) == (CacheStatus.MISS, b"v1.0.0\nv1.1.0\n")


@pytest.mark.parametrize("error", [Unavailable("down"), Unavailable("slow", 504), Mismatch("SECURITY")])
async def test_a_list_that_is_too_old_is_given_where_upstream_fails(
    cache: Cache, store: MemoryStore, error: Unavailable
) -> None:
    source = await held_for(20 * 3600, cache, store)
    source.answers[LIST] = error
    for _ in range(5):
        old = await cache.get(request(LIST), rules(source))
        assert (old.status, old.body) == (CacheStatus.STALE, b"v1.0.0\n")
    assert source.keys == [LIST, LIST], "the next attempt comes after a pause"
    store.age(LIST, 5 * 3600)
    with pytest.raises(type(error)):
        await cache.get(request(LIST), rules(source))


@pytest.mark.parametrize("error", [NotFound("gone", 410), Denied("no longer yours")])
async def test_an_old_list_is_not_given_against_the_word_of_upstream(
    cache: Cache, store: MemoryStore, error: SourceError
) -> None:
    source = await held_for(20 * 3600, cache, store)
    source.answers[LIST] = error
    with pytest.raises(type(error)):
        await cache.get(request(LIST), rules(source))


async def test_the_old_list_is_given_where_upstream_takes_too_long(
    cache: Cache, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modproxy.cache.lookup._PATIENCE", 0.05)
    await cache.get(request(LIST), rules(FakeSource({LIST: b"v1.0.0\n"})))
    store.age(LIST, 20 * 3600)
    source = SlowSource({LIST: b"v1.1.0\n"})
    for _ in range(3):
        assert (await cache.get(request(LIST), rules(source))).body == b"v1.0.0\n"
    assert source.keys == [LIST]
    source.go_on.set()
    await eventually(lambda: store.files[LIST][1] == b"v1.1.0\n", "the slow answer is stored")


async def test_an_older_source_never_replaces_the_list_of_a_newer_one(cache: Cache, store: MemoryStore) -> None:
    old = SlowSource({LIST: b"v0.1.0\n"})
    first = asyncio.create_task(cache.get(request(LIST), rules(old, generation=1)))
    await old.begun.wait()
    await cache.get(request(LIST), rules(FakeSource({LIST: b"v1.0.0\n"}), generation=2))
    old.go_on.set()
    assert (await first).body == b"v0.1.0\n"
    assert store.files[LIST][1] == b"v1.0.0\n"


async def test_a_failed_refresh_is_tried_again_after_a_pause_only(cache: Cache, store: MemoryStore) -> None:
    source = await held_for(100, cache, store)
    source.answers[LIST] = Unavailable("down")
    for _ in range(5):
        assert (await cache.get(request(LIST), rules(source))).status is CacheStatus.STALE
        await asyncio.sleep(0)
    await eventually(lambda: len(source.keys) == 2, "one refresh was tried")


async def test_a_list_that_is_gone_upstream_goes_here(cache: Cache, store: MemoryStore) -> None:
    source = await held_for(100, cache, store)
    del source.answers[LIST]
    await cache.get(request(LIST), rules(source))
    await eventually(lambda: LIST not in store.files, "the list is removed")


async def test_an_absence_at_an_older_source_leaves_what_a_newer_one_gave(cache: Cache, store: MemoryStore) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    class SlowlyGone(FakeSource):
        async def _body(self, answer: bytes) -> AsyncIterator[bytes]:
            begun.set()
            await go_on.wait()
            raise NotFound("gone", 410)
            yield answer

    old = SlowlyGone({LIST: b"v0.1.0\n"})
    first = asyncio.create_task(cache.get(request(LIST), rules(old, generation=1)))
    await begun.wait()
    await cache.get(request(LIST), rules(FakeSource({LIST: b"v1.0.0\n"}), generation=2))
    go_on.set()
    with pytest.raises(NotFound):
        await first
    await asyncio.sleep(0)
    assert store.files[LIST][1] == b"v1.0.0\n"


async def test_only_what_is_held_when_the_request_says_so(cache: Cache, store: MemoryStore) -> None:
    source = FakeSource({LIST: b"v1.0.0\n"})
    with pytest.raises(NotHeld, match="Disable-Module-Fetch"):
        await cache.get(request(LIST, cached_only=True), rules(source))
    await cache.get(request(LIST), rules(source))
    store.age(LIST, 1e6)
    old = await cache.get(request(LIST, cached_only=True), rules(source))
    assert old.status is CacheStatus.STALE
    assert source.keys == [LIST]


async def test_what_cannot_be_kept_is_given_all_the_same(cache: Cache, store: MemoryStore) -> None:
    store.refuses = True
    source = FakeSource({MOD: b"module example.com/m\n"})
    for _ in range(2):
        answer = await cache.get(request(MOD), rules(source))
        assert (answer.status, answer.body) == (CacheStatus.MISS, b"module example.com/m\n")
        assert answer.etag is not None
    assert source.keys == [MOD, MOD]


async def test_a_request_keeps_the_source_it_began_with(cache: Cache) -> None:
    """A fetch under way for older rules is not shared with requests under newer ones."""
    old, new = SlowSource({MOD: b"module old.example.com\n"}), FakeSource({MOD: b"module example.com/m\n"})
    first = asyncio.create_task(cache.get(request(MOD), rules(old, generation=1)))
    await old.begun.wait()
    assert (await cache.get(request(MOD), rules(new, generation=2))).body == b"module example.com/m\n"
    old.go_on.set()
    assert (await first).body == b"module old.example.com\n"
