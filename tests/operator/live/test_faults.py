"""The API server fails in every way it has: the operator converges afterwards, and does not add to the trouble."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.kubernetes.api_proxy import Call, LostError, nothing, refusal
from tests.kubernetes.control_plane import ControlPlane
from tests.operator.live.spoilt import Spoilt

HELD_SECONDS = 6.0
Fault = Callable[[Spoilt], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def before(spoilt: Spoilt, answer: Callable[[Call], web.Response | None]) -> AsyncIterator[None]:
    """Answer in the API server's place."""

    async def spoil(call: Call) -> web.Response | None:
        return answer(call)

    spoilt.proxy.before = spoil
    spoilt.proxy.cut_watches()
    yield
    spoilt.proxy.before = nothing


@asynccontextmanager
async def restarted(spoilt: Spoilt) -> AsyncIterator[None]:
    restart = asyncio.create_task(asyncio.to_thread(spoilt.plane.restart_apiserver))
    yield
    await restart


@asynccontextmanager
async def cut(spoilt: Spoilt) -> AsyncIterator[None]:
    """Every watch is cut, again and again."""

    async def cut_all() -> None:
        while True:
            spoilt.proxy.cut_watches()
            await asyncio.sleep(0.3)

    cutting = asyncio.create_task(cut_all())
    yield
    cutting.cancel()


def closed(spoilt: Spoilt) -> AbstractAsyncContextManager[None]:
    """Every watch ends in order as soon as it has begun."""
    return before(spoilt, lambda call: web.Response(content_type="application/json") if call.is_watch else None)


def gone(spoilt: Spoilt) -> AbstractAsyncContextManager[None]:
    """No watch may be resumed: HTTP 410."""
    return before(spoilt, lambda call: refusal(410, "too old resource version") if call.is_watch else None)


def expired(spoilt: Spoilt) -> AbstractAsyncContextManager[None]:
    """No watch may be resumed: told as an event of the watch."""
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version: 1 (2)"}
    line = json.dumps({"type": "ERROR", "object": {"apiVersion": "v1", "metadata": {}, **status}}) + "\n"
    return before(
        spoilt,
        lambda call: web.Response(text=line, content_type="application/json") if call.is_watch else None,
    )


def a_third(*codes: int, headers: dict[str, str] | None = None) -> Fault:
    """A third of all calls fails, those of the Lease too."""
    chance = random.Random(4)

    def answer(_: Call) -> web.Response | None:
        return refusal(chance.choice(codes), headers=headers) if chance.random() < 1 / 3 else None

    return lambda spoilt: before(spoilt, answer)


@asynccontextmanager
async def lost(spoilt: Spoilt) -> AsyncIterator[None]:
    """The API server has done what was asked, but for a third of the calls nobody hears of it."""
    chance = random.Random(5)

    async def lose(_: Call) -> web.Response | None:
        if chance.random() < 1 / 3:
            raise LostError
        return None

    spoilt.proxy.after = lose
    yield
    spoilt.proxy.after = nothing


@asynccontextmanager
async def slow(spoilt: Spoilt) -> AsyncIterator[None]:
    """Each call takes two seconds, those of the Lease too."""

    async def wait(_: Call) -> None:
        await asyncio.sleep(2)

    spoilt.proxy.before = wait
    yield
    assert await spoilt.operator.metric("goproxy_operator_leading") == 1
    spoilt.proxy.before = nothing


def spoiling(spoil: Callable[[bytes], bytes | None]) -> Fault:
    """What watches say is spoilt."""

    @asynccontextmanager
    async def fault(spoilt: Spoilt) -> AsyncIterator[None]:
        spoilt.proxy.spoil = spoil
        yield
        spoilt.proxy.spoil = None
        spoilt.proxy.cut_watches()

    return fault


def half(said: bytes) -> bytes | None:
    return said[: len(said) // 2] if said.endswith(b"\n") else None


@asynccontextmanager
async def parted(spoilt: Spoilt) -> AsyncIterator[None]:
    """Nothing passes, and no connection is closed, for longer than the Lease lasts."""
    spoilt.proxy.part()
    await asyncio.sleep(15 - HELD_SECONDS)
    yield
    assert await spoilt.operator.metric("goproxy_operator_leading") == 0
    spoilt.proxy.join()


FAULTS: dict[str, Fault] = {
    "the API server restarts": restarted,
    "watches are cut": cut,
    "watches end at once": closed,
    "410": gone,
    "expired": expired,
    "409": a_third(409),
    "429": a_third(429, headers={"Retry-After": "1"}),
    "500 and 503": a_third(500, 503),
    "answers are lost": lost,
    "slow": slow,
    "half of each line": spoiling(half),
    "garbage": spoiling(lambda said: b"\xff\x00{\n" if len(said) % 2 else b"{}\n"),
    "partition": parted,
}


@pytest.mark.timeout(240, func_only=True)
@pytest.mark.usefixtures("installed", "nodes")
@pytest.mark.parametrize("name", FAULTS)
async def test_fault(
    name: str, control_plane: ControlPlane, api: aiohttp.ClientSession, namespace: str, tmp_path: Path
) -> None:
    async with Spoilt(control_plane, api, tmp_path, namespace) as spoilt:
        loading = asyncio.create_task(spoilt.load())
        calls = len(spoilt.proxy.calls)
        async with FAULTS[name](spoilt):
            await asyncio.sleep(HELD_SECONDS / 2)
            await spoilt.ask_for(3)
            await asyncio.sleep(HELD_SECONDS / 2)
            during = len(spoilt.proxy.calls) - calls
            loading.cancel()
        await spoilt.converged(3)
        after = await spoilt.calm()
        log = spoilt.operator.log
        print(f"{name}: {during} calls during the fault; {after.total()} in a calm while after it: {dict(after)}")
        assert during < 400
        assert after.total() < len(spoilt.keys), after
        assert "Traceback" not in log
        assert "fault of the operator" not in log
        assert "Stalled" not in log
        assert "Refused" not in log
