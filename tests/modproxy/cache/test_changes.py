"""News of a module: what is known of it counts no more, here and in other replicas."""

import asyncio

import pytest

from modproxy.cache.answer import KnownAbsent
from modproxy.cache.changes import Changes
from modproxy.cache.lookup import Cache
from modproxy.fleet.change import Change
from modproxy.mod.path import check_path
from modproxy.source.protocol import NotFound
from tests.modproxy.making import request, rules
from tests.modproxy.source.fake_source import FakeSource, SlowSource
from tests.modproxy.store.memory_store import MemoryStore

M = check_path("example.com/M")
KEY = "example.com/!m"
LIST, LATEST, MAIN = f"{KEY}/@v/list", f"{KEY}/@latest", f"{KEY}/@v/main.info"
INFO, MOD, NEW = f"{KEY}/@v/v1.0.0.info", f"{KEY}/@v/v1.0.0.mod", f"{KEY}/@v/v1.1.0.info"
OTHER = "example.com/other/@v/list"
GO_MOD = b"module example.com/M\n"


async def test_lists_queries_and_removed_versions_are_asked_for_anew(cache: Cache, store: MemoryStore) -> None:
    info = b'{"Version":"v1.0.0"}'
    source = FakeSource({LIST: b"v1.0.0\n", LATEST: info, MAIN: info, INFO: info, MOD: GO_MOD, OTHER: b"v1.0.0\n"})
    for key in (LIST, LATEST, MAIN, INFO, MOD, OTHER):
        await cache.get(request(key), rules(source))
    changes = Changes(cache, store, None)
    await changes.changed(Change(M))
    assert set(store.files) == {MAIN, INFO, MOD, OTHER}
    await changes.changed(Change(M, removed=("v1.0.0",), queries=("main",)))
    assert set(store.files) == {OTHER}


async def test_absences_of_the_module_are_forgotten_and_those_of_others_stay(cache: Cache, store: MemoryStore) -> None:
    source = FakeSource({NEW: NotFound("absent"), OTHER: NotFound("absent")})
    for key in (NEW, OTHER):
        with pytest.raises(NotFound):
            await cache.get(request(key), rules(source))
    await Changes(cache, store, None).changed(Change(M))
    source.answers[NEW] = b'{"Version":"v1.1.0"}'
    assert (await cache.get(request(NEW), rules(source))).body == b'{"Version":"v1.1.0"}'
    with pytest.raises(KnownAbsent):
        await cache.get(request(OTHER), rules(source))


async def test_a_fetch_that_began_before_the_news_is_neither_shared_nor_kept(cache: Cache, store: MemoryStore) -> None:
    old = SlowSource({LIST: b"v1.0.0\n"})
    before = asyncio.create_task(cache.get(request(LIST), rules(old)))
    await asyncio.wait_for(old.begun.wait(), 5)
    await Changes(cache, store, None).changed(Change(M))
    new = FakeSource({LIST: b"v1.0.0\nv1.1.0\n"})
    after = await cache.get(request(LIST), rules(new))
    old.go_on.set()
    assert ((await before).body, after.body) == (b"v1.0.0\n", b"v1.0.0\nv1.1.0\n")
    assert store.files[LIST][1] == b"v1.0.0\nv1.1.0\n"


async def test_the_other_replicas_are_told_after_this_one_knows(cache: Cache, store: MemoryStore) -> None:
    source, told = FakeSource({LIST: b"v1.0.0\n"}), []

    async def tell(change: Change) -> None:
        told.append((change, LIST in store.files))

    await cache.get(request(LIST), rules(source))
    changes = Changes(cache, store, tell)
    await changes.heard(Change(M))
    assert told == []
    await changes.changed(Change(M, queries=("main",)))
    assert told == [(Change(M, queries=("main",)), False)]
