"""What is held in memory, and for how long: through the whole way of a request."""

import asyncio
import time
from pathlib import Path

import pytest
from aiohttp.web_protocol import RequestHandler

from modproxy.server.hit import files, memo
from modproxy.server.hit.connection import HitConnection
from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.server.hit.test_transfer import descriptors
from tests.modproxy.server.hit.two_ways import INFO, LIST, MOD, ZIP, TwoWays, get, read_answer, untimed


async def is_held(site: TwoWays, path: str, *lines: str) -> bool:
    """Ask once, and say whether memory answered."""
    before = site.by_aiohttp.requests
    await site.ask(site.quick, get(path, *lines))
    return site.by_aiohttp.requests == before


@pytest.mark.parametrize("path", [INFO, ZIP, LIST])
async def test_what_was_fetched_is_held(two_ways: TwoWays, upstream: FakeUpstream, path: str) -> None:
    assert not await is_held(two_ways, path)
    await eventually(lambda: len(two_ways.replica.handler.hits._lines) == 1, "it is taken up behind the answer")
    assert await is_held(two_ways, path)
    assert (await two_ways.ask(two_ways.quick, get(path))).endswith(upstream.files[path])


async def test_where_little_room_is_left_only_what_comes_again_is_held(
    two_ways: TwoWays, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(two_ways.replica.handler.hits._small, "_most", -1)
    monkeypatch.setattr(two_ways.replica.handler.hits._small, "_too_many", lambda: False)
    answers = [await is_held(two_ways, INFO) for _ in range(3)]
    assert answers == [False, False, True], "fetched, hit, hit again"


async def test_headers_that_are_new_in_each_request(two_ways: TwoWays) -> None:
    await two_ways.hold(INFO)
    blocks = two_ways.replica.handler.hits._blocks
    known = set(blocks.known)
    for number in range(3000):
        blocks.asker_of(get(INFO, f"X-Request-Id: {number}").partition(b"\r\n")[2])
    assert await is_held(two_ways, INFO, "X-Request-Id: new", "traceparent: 00-1-2-01")
    assert known <= set(blocks.known)
    assert len(blocks.known) < 10


async def test_both_spellings_of_a_path(two_ways: TwoWays) -> None:
    await two_ways.hold(INFO, INFO.replace("!", "%21"))
    await two_ways.replica.store.delete(INFO)
    assert not await is_held(two_ways, INFO)
    assert not await is_held(two_ways, INFO.replace("!", "%21"))


async def test_a_replica_that_drains_answers_nothing_from_memory(two_ways: TwoWays) -> None:
    await two_ways.hold(INFO)
    two_ways.replica.handler.drain()
    for _ in range(4):
        answer = await two_ways.ask(two_ways.quick, get(INFO))
        assert b"Connection: close\r\n" in answer
    assert two_ways.by_aiohttp.requests >= 4


async def test_a_list_is_held_until_it_is_fresh_no_more(
    tmp_path: Path, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with TwoWays(tmp_path, upstream, {"cache": {"listTTL": "30s"}}) as site:
        await site.hold(LIST)
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + 28)
        assert await is_held(site, LIST)
        monkeypatch.setattr(time, "time", lambda: real() + 31)
        assert b"detail=stale" in await site.ask(site.quick, get(LIST))
        await site.settled()
        monkeypatch.undo()
        assert upstream.requests[LIST] == 2


async def test_a_file_that_somebody_changed_is_noticed(two_ways: TwoWays, monkeypatch: pytest.MonkeyPatch) -> None:
    await two_ways.hold(MOD)
    (two_ways.cache / MOD).write_bytes(b"module example.com/Mixed // changed by hand\n")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 61)
    assert b"by hand" in await two_ways.ask(two_ways.quick, get(MOD))
    assert b"by hand" in await two_ways.ask(two_ways.quick, get(MOD))


async def test_what_a_policy_in_dry_run_would_refuse_is_counted_each_time(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    config = {"modules": {"mode": "DryRun", "deny": ["example.com/Mixed"]}}
    async with TwoWays(tmp_path, upstream, config) as site:
        for number in range(1, 7):
            assert (await site.ask(site.quick, get(INFO))).endswith(upstream.files[INFO])
            assert site.replica.handler.refusals.total["modules", "DryRun"] == number


async def test_one_request_looks_again_and_the_others_need_not_wait(
    two_ways: TwoWays, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two_ways.hold(MOD)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 61)
    before = two_ways.by_aiohttp.requests
    await asyncio.gather(*(two_ways.ask(two_ways.quick, get(MOD)) for _ in range(20)))
    assert two_ways.by_aiohttp.requests == before + 1


async def test_memory_is_bounded(two_ways: TwoWays, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch) -> None:
    hits = two_ways.replica.handler.hits
    monkeypatch.setattr(hits._small, "_most_cost", 20_000)
    paths = []
    for number in range(60):
        upstream.add(f"example.com/m{number}", "v1.0.0")
        paths.append(f"example.com/m{number}/@v/v1.0.0.mod")
    for path in paths:
        for _ in range(4):
            await two_ways.ask(two_ways.plain, get(path))
    assert 10 < len(hits._small) < 30
    assert len(hits._lines) == len(hits._small)
    assert await is_held(two_ways, paths[-1])
    assert not await is_held(two_ways, paths[0])


async def test_open_files_are_bounded_and_closed_when_nobody_asks(
    two_ways: TwoWays, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    hits = two_ways.replica.handler.hits
    monkeypatch.setattr(memo, "_CLOSED_AFTER", 2.0)
    monkeypatch.setattr(hits._files, "_most", 5)
    paths = []
    for number in range(12):
        upstream.add(f"example.com/m{number}", "v1.0.0")
        paths.append(f"example.com/m{number}/@v/v1.0.0.zip")
    for path in paths:
        for _ in range(4):
            await two_ways.ask(two_ways.plain, get(path))
        await two_ways.settled()
    assert 0 < sum(descriptors(two_ways, path) for path in paths) <= 5
    await eventually(lambda: not any(descriptors(two_ways, path) for path in paths), "all files are closed")
    assert not hits._lines
    assert not await is_held(two_ways, paths[0])
    assert await is_held(two_ways, paths[0]), "a path that is asked for again is held at once"


async def test_where_the_system_cannot_tell_what_is_cold(
    two_ways: TwoWays, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CAN_SEND", False)
    for _ in range(5):
        assert not await is_held(two_ways, ZIP)
    assert (await two_ways.ask(two_ways.quick, get(ZIP))).endswith(upstream.files[ZIP])


async def test_a_client_that_takes_no_answers_is_left_to_aiohttp(two_ways: TwoWays) -> None:
    """So what is written ahead for a client stays bounded, however many requests it sends."""
    await two_ways.hold(INFO)
    reader, writer = await asyncio.open_connection("127.0.0.1", two_ways.quick, limit=1 << 10)
    sent = 0
    while not two_ways.by_aiohttp.requests or sent < 20_000:
        writer.write(get(INFO))
        sent += 1
        if sent % 100 == 0:
            await asyncio.sleep(0)
        if sent > 200_000:
            break
    answers = {untimed(await read_answer(reader)) for _ in range(1000)}
    assert len(answers) == 1
    writer.transport.abort()


def test_the_private_names_of_aiohttp_are_where_they_were() -> None:
    """An upgrade of aiohttp that moves them must not pass unnoticed: `HitConnection` would answer at the wrong time."""
    slots = set(RequestHandler.__slots__)
    assert {
        "_waiter", "_request_count", "_request_in_progress", "_handler_waiter", "_close", "_force_close",
        "_keepalive_timeout", "_next_keepalive_close_time", "_keepalive_handle", "_messages", "_current_request",
    } <= slots  # fmt: skip
    assert callable(RequestHandler._process_keepalive)
    assert issubclass(HitConnection, RequestHandler)
    names = {
        RequestHandler.start: {"_waiter", "_force_close", "_messages", "_next_keepalive_close_time"},
        RequestHandler.shutdown: {"_request_in_progress", "_handler_waiter"},
        RequestHandler.data_received: {"_request_count", "_close", "_force_close"},
        RequestHandler._process_keepalive: {"_next_keepalive_close_time", "_waiter"},
        RequestHandler.close: {"_close", "_waiter"},
    }
    for function, used in names.items():
        assert used <= set(function.__code__.co_names), function
