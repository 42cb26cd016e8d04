"""A lookup that found nothing is repeated only when the file may have changed since."""

import asyncio

from modproxy.cache.lookup import Cache
from modproxy.cache.news import News
from modproxy.cache.zip_check import ThreadChecks
from modproxy.store.protocol import StoredFile
from tests.modproxy.making import request, rules
from tests.modproxy.source.fake_source import FakeSource
from tests.modproxy.store.memory_store import MemoryStore

MOD = "example.com/m/@v/v1.0.0.mod"


class SlowStore(MemoryStore):
    """Counts lookups, and answers a lookup with what was stored when it began, once `go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.lookups = 0
        self.go = asyncio.Event()

    async def get(self, key: str) -> StoredFile | None:
        self.lookups += 1
        found = await super().get(key)
        await self.go.wait()
        return found


async def test_a_miss_looks_once(checks: ThreadChecks) -> None:
    store, source = SlowStore(), FakeSource({MOD: b"module example.com/m\n"})
    store.go.set()
    cache = Cache(store, checks)
    (await cache.get(request(MOD), rules(source))).close()
    assert (store.lookups, source.keys) == (1, [MOD])
    await cache.close()


async def test_what_comes_during_the_lookup_is_not_fetched_again(checks: ThreadChecks) -> None:
    store, source = SlowStore(), FakeSource({MOD: b"module example.com/m\n"})
    cache = Cache(store, checks)
    late = asyncio.create_task(cache.get(request(MOD), rules(source)))
    await asyncio.sleep(0)
    await store.put(MOD, b"module example.com/m\n")
    store.go.set()
    answer = await late
    assert answer.body == b"module example.com/m\n"
    assert (store.lookups, source.keys) == (2, [])
    await cache.close()


def test_moments() -> None:
    news = News(limit=2)
    news.published("a")
    moment = news.moment
    assert not news.may_have_changed("a", moment)
    assert not news.may_have_changed("b", moment)
    news.published("b")
    assert news.may_have_changed("b", moment)
    assert not news.may_have_changed("a", moment)
    news.published("c")  # the limit makes it forget a
    assert not news.may_have_changed("a", moment), "all that was forgotten is older than the moment"
    news.published("d")  # the limit makes it forget b
    assert news.may_have_changed("a", moment), "nobody knows"
    assert not news.may_have_changed("a", news.moment)
