"""How long a connection stays open on which hits were answered, and how it ends."""

import asyncio
import os
import socket
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


async def test_the_end_cuts_no_file_because_of_requests_behind_it(tmp_path: Path, upstream: FakeUpstream) -> None:
    large = "example.com/large/@v/v1.0.0.zip"
    upstream.add("example.com/large", "v1.0.0", payload=os.urandom(24 << 20))
    async with TwoWays(tmp_path, upstream) as site:
        await site.hold(large)
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 10)
        sock.connect(("127.0.0.1", site.quick))
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(sock, get(large))
        await asyncio.sleep(0.3)
        behind = asyncio.create_task(loop.sock_sendall(sock, get(INFO) * 300_000))
        await asyncio.sleep(0.3)
        assert not behind.done(), "the replica has stopped reading"
        site.replica.handler.drain()
        ending = asyncio.create_task(site.listener.drain(20))
        await asyncio.wait_for(behind, 10)
        reader, writer = await asyncio.open_connection(sock=sock)
        assert (await read_answer(reader)).endswith(upstream.files[large])
        assert await asyncio.wait_for(reader.read(), 10) == b""
        await ending
        writer.close()
