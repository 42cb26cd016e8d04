"""Bodies that trickle."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import RawTestServer

from modproxy.server import actions


async def test_a_body_that_trickles_is_taken_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "STALLED_SECONDS", 1.0)

    async def handle(http: web.BaseRequest) -> web.StreamResponse:
        try:
            return web.Response(text=str(len(await actions.read_body(http, 10 << 20))))
        except actions.BodyError as e:
            return web.Response(status=e.answer.status, text=e.answer.text)

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield b"x"
            await asyncio.sleep(0.05)

    async with RawTestServer(handle) as server, ClientSession() as session:
        async with session.put(server.make_url("/"), data=trickle()) as answer:
            assert answer.status == 408 and "faster line" in await answer.text()
        async with session.put(server.make_url("/"), data=b"x" * (5 << 20)) as answer:
            assert await answer.text() == str(5 << 20)
