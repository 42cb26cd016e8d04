"""Fleets that are each other's upstream: a loop is told as a loop, also when each waits for the other's fetch."""

import asyncio
from pathlib import Path

from aiohttp import web

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess, Reply

LIST = "example.com/m/@v/list"


class Barrier:
    """Answers 404 once `count` requests are here."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._all_here = asyncio.Event()

    async def __call__(self, _: web.BaseRequest) -> web.StreamResponse:
        self._missing -= 1
        if self._missing == 0:
            self._all_here.set()
        await self._all_here.wait()
        return web.Response(status=404)


def pointed_at(proxy: ProxyProcess, first: FakeUpstream, other: ProxyProcess) -> None:
    proxy.write_config(upstream={"goproxy": f"{first.url},{other.url}", "gosumdb": "off", "timeout": "60s"})


async def both(first: ProxyProcess, second: ProxyProcess) -> list[Reply]:
    async with asyncio.timeout(30):
        return list(await asyncio.gather(first.get(LIST), second.get(LIST)))


async def test_two_fleets_that_wait_for_each_other(upstream: FakeUpstream, tmp_path: Path) -> None:
    config = {"upstream": {"goproxy": "off", "gosumdb": "off"}}
    async with (
        ProxyProcess(tmp_path / "a", dict(config)) as a,
        ProxyProcess(tmp_path / "b", dict(config)) as b,
    ):
        for proxy, other in ((a, b), (b, a)):
            pointed_at(proxy, upstream, other)
        for proxy in (a, b):
            await proxy.until_report(lambda report: report.config.generation == 2)
        # Both fetches are under way before either asks the other fleet, so that each request joins a fetch.
        upstream.behaviours[LIST] = Barrier(2)
        for reply in await both(a, b):
            assert reply.status == 508
            assert "loop detected" in reply.text


async def test_a_ring_without_a_fetch_under_way(upstream: FakeUpstream, tmp_path: Path) -> None:
    config = {"upstream": {"goproxy": "off", "gosumdb": "off"}}
    async with (
        ProxyProcess(tmp_path / "a", dict(config)) as a,
        ProxyProcess(tmp_path / "b", dict(config)) as b,
        ProxyProcess(tmp_path / "c", dict(config)) as c,
    ):
        for proxy, other in ((a, b), (b, c), (c, a)):
            pointed_at(proxy, upstream, other)
        for proxy in (a, b, c):
            await proxy.until_report(lambda report: report.config.generation == 2)
        reply = await a.get(LIST)
        assert (reply.status, "loop detected" in reply.text) == (508, True)
        assert (await a.get(LIST, Via=", ".join(["1.1 edge"] * 40))).status == 508
