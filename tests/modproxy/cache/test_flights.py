"""Which requests share a fetch: those of fleets below this one wait for each other only for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from modproxy.cache import lookup
from modproxy.cache.lookup import Cache
from modproxy.request import Request
from modproxy.source.protocol import Fetched, NotFound, SourceError, Unavailable, once
from tests.modproxy.making import request, rules
from tests.modproxy.source.fake_source import FakeSource
from tests.modproxy.store.memory_store import MemoryStore

MOD = "example.com/m/@v/v1.0.0.mod"
A, B = "1.1 modproxy-a~1", "1.1 modproxy-b~1"


class Slow:
    """Answers once `open` is set, and keeps the requests that came."""

    def __init__(self, error: SourceError | None = None) -> None:
        self.open = asyncio.Event()
        self.came = asyncio.Event()
        self.requests: list[Request] = []
        self.error = error

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        self.requests.append(request)
        self.came.set()
        await self.open.wait()
        if self.error is not None:
            raise self.error
        yield Fetched(once(b"module example.com/m\n"), None, "slow")


async def body_of(cache: Cache, source: Slow | FakeSource, via: str) -> bytes | None:
    return (await cache.get(replace(request(MOD), via=via), rules(source))).body


async def test_fleets_below_share_a_fetch_of_a_fast_upstream(cache: Cache) -> None:
    source = FakeSource({MOD: b"module example.com/m\n"})
    vias = ["", A, B, f"{A}, {B}", "1.1 edge"] * 5
    assert set(await asyncio.gather(*(body_of(cache, source, via) for via in vias))) == {b"module example.com/m\n"}
    assert source.keys == [MOD]


async def test_who_has_passed_other_fleets_waits_a_while_and_asks_then(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "_WITH_OTHERS_SECONDS", 0.05)
    source = Slow()
    waiting = [asyncio.create_task(body_of(cache, source, via)) for via in ("", A, B, A, f"{B}, {A}", f"{A}, {B}")]
    async with asyncio.timeout(5):
        while len(source.requests) < 4:
            await asyncio.sleep(0.01)
    source.open.set()
    assert set(await asyncio.gather(*waiting)) == {b"module example.com/m\n"}
    assert sorted(made.via for made in source.requests) == sorted(["", A, B, f"{B}, {A}"])


async def test_the_loop_of_another_is_not_a_loop_for_everybody(cache: Cache) -> None:
    source = Slow(Unavailable("loop", 508))
    first = asyncio.create_task(body_of(cache, source, A))
    await source.came.wait()
    second = asyncio.create_task(body_of(cache, source, B))
    await asyncio.sleep(0)
    source.open.set()
    for task in (first, second):
        with pytest.raises(Unavailable, match="loop"):
            await task
    assert [made.via for made in source.requests] == [A, B]


async def test_a_refresh_has_passed_no_other_fleet(cache: Cache) -> None:
    source = FakeSource({"example.com/m/@v/list": b"v1.0.0\n"})
    old = rules(source, {"cache": {"listTTL": "0s", "staleWhileRevalidate": "1h"}})
    listing = replace(request("example.com/m/@v/list"), via=A, hop=1)
    await cache.get(listing, old)
    await cache.get(listing, old)
    async with asyncio.timeout(5):
        while len(source.requests) < 2:
            await asyncio.sleep(0.01)
    assert [(made.via, made.hop) for made in source.requests] == [(A, 1), ("", 1)]


async def test_what_a_client_writes_into_via_makes_nothing_absent_for_others(cache: Cache, store: MemoryStore) -> None:
    listing, path = request("example.com/m/@v/list"), "example.com/m/@v/list"
    made = rules(FakeSource({path: b"v1.0.0\n"}), {"cache": {"listTTL": "0s", "staleIfError": "0s"}})
    await cache.get(listing, made)
    store.age(path, 10)
    with pytest.raises(NotFound):
        await cache.get(replace(listing, via=B), replace(made, source=FakeSource(), source_generation=1))
    assert path in store.files
    assert (await cache.get(listing, made)).body == b"v1.0.0\n"


async def test_a_waiting_refresh_has_passed_nobody(cache: Cache, store: MemoryStore) -> None:
    source = FakeSource({"example.com/m/@v/list": b"v1.0.0\n"})
    made = rules(source, {"cache": {"listTTL": "0s", "staleWhileRevalidate": "0s", "staleIfError": "1h"}})
    listing = replace(request("example.com/m/@v/list"), via=A, hop=1)
    await cache.get(listing, made)
    store.age("example.com/m/@v/list", 10)
    await cache.get(listing, made)
    assert [made.via for made in source.requests] == [A, ""]


async def test_a_line_about_a_failure_names_its_cause(cache: Cache, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "modproxy.cache.lookup")
    for error in (Unavailable("down", cause="https://up.example.com timeout"), Unavailable("version control is down")):
        with pytest.raises(Unavailable):
            await cache.get(request(MOD), rules(FakeSource({MOD: error})))
    causes = [vars(record)["cause"] for record in caplog.records]
    assert causes == ["https://up.example.com timeout", "Unavailable example.com"]
