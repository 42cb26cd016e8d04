"""One probe at a time, and nothing but a module may be named."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from modproxy.contract.probe import ProbedPlace
from modproxy.server.probing import Probing


async def test_what_is_asked_and_how_often() -> None:
    asked: list[str] = []
    go_on = asyncio.Event()

    async def ask(module: str) -> tuple[ProbedPlace, ...]:
        asked.append(module)
        await go_on.wait()
        return (ProbedPlace(kind="upstream", name="https://a.example.com", status=200),)

    app = web.Application()
    app.router.add_get("/-/probe", Probing("team-a-0", ask).keepers)
    async with TestClient(TestServer(app)) as client:
        first = asyncio.create_task(client.get("/-/probe", params={"module": "example.com/m"}))
        while not asked:
            await asyncio.sleep(0.01)
        second = await client.get("/-/probe")
        assert (second.status, second.headers["Retry-After"]) == (429, "10")
        for bad in ("https://x.example.com/a", "127.0.0.1:80/x", "a" * 2000, "example.com/../x"):
            assert (await client.get("/-/probe", params={"module": bad})).status == 400
        go_on.set()
        answer = await first
        told = json.loads(await answer.text())
        assert (answer.status, told["replica"], told["places"][0]["status"]) == (200, "team-a-0", 200)
        assert (await client.get("/-/probe")).status == 200
        assert asked == ["example.com/m", ""]
