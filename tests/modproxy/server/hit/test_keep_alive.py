"""How long a connection stays open on which hits were answered."""

import asyncio
import time
from pathlib import Path

import pytest

from modproxy.server import listener
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.server.hit.two_ways import INFO, TwoWays, get, read_answer


async def test_an_idle_connection_is_closed_though_the_clock_was_set_back(
    tmp_path: Path, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_IDLE_SECONDS", 0.5)
    async with TwoWays(tmp_path, upstream) as site:
        await site.hold(INFO)
        reader, writer = await asyncio.open_connection("127.0.0.1", site.quick)
        writer.write(get(INFO))
        await read_answer(reader)
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() - 3600)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
