"""One probe at a time, and nothing but a module and a version may be named: none whose name the fleet keeps."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from modproxy.contract.config import ModulesConfig
from modproxy.contract.probe import ProbedPlace
from modproxy.hosted.hosting import Hosting
from modproxy.layout import Layout
from modproxy.mod.pattern import parse_pattern
from modproxy.policy.allowlist import Allowlist
from modproxy.server.probing import Probing


@dataclass(frozen=True)
class Rules:
    policy: Allowlist
    hosting: Hosting | None
    layout: Layout | None = None


def rules() -> Rules:
    return Rules(Allowlist(ModulesConfig(deny=("example.com/denied",))), Hosting([parse_pattern("example.com/hosted")]))


async def test_what_is_asked_and_how_often() -> None:
    asked: list[tuple[str, str]] = []
    go_on = asyncio.Event()

    async def ask(_: Layout | None, module: str, version: str) -> tuple[ProbedPlace, ...]:
        asked.append((module, version))
        await go_on.wait()
        return (ProbedPlace(kind="upstream", name="https://a.example.com", status=200),)

    app = web.Application()
    app.router.add_get("/-/probe", Probing("team-a-0", rules, ask).keepers)
    async with TestClient(TestServer(app)) as client:
        first = asyncio.create_task(client.get("/-/probe", params={"module": "example.com/m"}))
        while not asked:
            await asyncio.sleep(0.01)
        second = await client.get("/-/probe")
        assert (second.status, second.headers["Retry-After"]) == (429, "10")
        for bad in ("https://x.example.com/a", "127.0.0.1:80/x", "a" * 2000, "example.com/../x"):
            assert (await client.get("/-/probe", params={"module": bad})).status == 400
        for bad in ("latest", "v1", "v2.0.0", "../v1.0.0", "v" * 2000):
            answer = await client.get("/-/probe", params={"module": "example.com/m", "version": bad})
            assert answer.status == 400, bad
        assert (await client.get("/-/probe", params={"version": "v1.0.0"})).status == 400
        go_on.set()
        answer = await first
        told = json.loads(await answer.text())
        assert (answer.status, told["replica"], told["places"][0]["status"]) == (200, "team-a-0", 200)
        for module in ("", "example.com/m", "example.com/denied", "example.com/hosted/x"):
            query = {"module": module, "version": "v1.0.0"} if module else {}
            assert (await client.get("/-/probe", params=query)).status == 200
        assert asked == [("example.com/m", ""), ("", ""), ("example.com/m", "v1.0.0"), ("", ""), ("", "")]
