"""Files sent past aiohttp: slow, stalled, half-closed and leaving clients, cold files, the end of the server."""

import asyncio
import os
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modproxy.server import listener
from modproxy.server.hit import transfer
from modproxy.server.hit.files import OpenFile
from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.server.hit.two_ways import INFO, TwoWays, get, read_answer, untimed

LARGE = "example.com/large/@v/v1.0.0.zip"
SIZE = 24 << 20
"""More bytes than the kernel takes for a client that reads nothing."""


@pytest.fixture
async def site(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[TwoWays]:
    """Hold a large zip and a small file in memory."""
    upstream.add("example.com/large", "v1.0.0", payload=os.urandom(SIZE))
    async with TwoWays(tmp_path, upstream) as made:
        await made.hold(LARGE, INFO)
        made.by_aiohttp.requests = 0
        yield made


class Client:
    """Reads little: the kernel keeps few bytes for it."""

    def __init__(self, site: TwoWays) -> None:
        self._sock = socket.socket()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 10)
        self._sock.connect(("127.0.0.1", site.quick))
        self._sock.setblocking(False)

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._sock, data)

    async def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(sock=self._sock, limit=32 << 10)

    def close_sending(self) -> None:
        self._sock.shutdown(socket.SHUT_WR)

    def leave(self) -> None:
        """Leave as a program that is killed does: the connection is reset."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()


async def asked(site: TwoWays) -> Client:
    """Ask for the large file, and read nothing; wait until the server waits."""
    client = Client(site)
    await client.send(get(LARGE))
    await eventually(lambda: descriptors(site, LARGE) == 1, "the file is open once")
    await asyncio.sleep(0.1)
    return client


def descriptors(site: TwoWays, key: str) -> int:
    """Count the descriptors of a file."""
    wanted = os.fspath(site.cache / key)
    held = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            held += str(entry.readlink()).removesuffix(" (deleted)") == wanted
        except FileNotFoundError:
            continue
    return held


def counted(site: TwoWays) -> Counter[tuple[str, int, str]]:
    return site.replica.reporter._traffic.requests


async def test_a_slow_reader_gets_the_file_and_its_next_answers(site: TwoWays, upstream: FakeUpstream) -> None:
    client = await asked(site)
    await client.send(get(INFO))
    await client.send(get(LARGE) + get(INFO))
    reader, writer = await client.streams()
    answers = [await read_answer(reader) for _ in range(4)]
    assert answers[0].endswith(upstream.files[LARGE])
    assert answers[1].endswith(upstream.files[INFO])
    assert untimed(answers[0]) == untimed(answers[2])
    assert untimed(answers[1]) == untimed(answers[3])
    writer.close()
    assert counted(site)["zip", 200, "hit"] >= 2


async def test_a_half_closed_client_gets_all_it_asked_for(site: TwoWays, upstream: FakeUpstream) -> None:
    client = await asked(site)
    await client.send(get(LARGE))
    client.close_sending()
    await asyncio.sleep(0.2)
    reader, writer = await client.streams()
    for _ in range(2):
        assert (await read_answer(reader)).endswith(upstream.files[LARGE])
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    assert site.by_aiohttp.requests == 0


async def test_half_a_request_behind_a_file_is_not_answered(site: TwoWays, upstream: FakeUpstream) -> None:
    client = await asked(site)
    await client.send(get(INFO)[:20])
    client.close_sending()
    reader, writer = await client.streams()
    assert (await read_answer(reader)).endswith(upstream.files[LARGE])
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()


async def test_a_client_that_leaves_is_counted_as_gone(site: TwoWays) -> None:
    client = await asked(site)
    client.leave()
    await eventually(lambda: counted(site)["zip", 499, "hit"] == 1, "the client is counted as gone")
    assert descriptors(site, LARGE) == 1, "the file stays open for others"


async def test_a_client_that_takes_nothing_is_aborted(
    site: TwoWays, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(transfer, "STALLED_SECONDS", 0.3)
    client = await asked(site)
    await eventually(lambda: counted(site)["zip", 502, "hit"] == 1, "the client is given up")
    reader, writer = await client.streams()
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await read_answer(reader)
    writer.close()
    assert "the client has read nothing for" in caplog.text


async def test_a_removed_file_is_closed_once_it_is_sent(site: TwoWays, upstream: FakeUpstream) -> None:
    client = await asked(site)
    await site.replica.store.delete(LARGE)
    await asyncio.sleep(0.05)
    assert descriptors(site, LARGE) == 1
    reader, writer = await client.streams()
    assert (await read_answer(reader)).endswith(upstream.files[LARGE])
    await eventually(lambda: descriptors(site, LARGE) == 0, "the file is closed")
    writer.close()


async def test_a_removed_file_that_nobody_reads_is_closed_at_once(site: TwoWays) -> None:
    await site.replica.store.delete(LARGE)
    await eventually(lambda: descriptors(site, LARGE) == 0, "the file is closed")


async def test_the_end_waits_for_files_on_their_way(site: TwoWays, upstream: FakeUpstream) -> None:
    client = await asked(site)
    site.replica.handler.drain()
    ending = asyncio.create_task(site.listener.drain(20))
    await asyncio.sleep(0.6)
    assert not ending.done()
    reader, writer = await client.streams()
    assert (await read_answer(reader)).endswith(upstream.files[LARGE])
    assert await asyncio.wait_for(reader.read(), 10) == b""
    await ending
    writer.close()


async def test_the_end_does_not_wait_for_ever(site: TwoWays) -> None:
    client = await asked(site)
    async with asyncio.timeout(10):
        await site.listener.drain(0.3)
    await eventually(lambda: counted(site)["zip", 499, "hit"] == 1, "the client is counted as gone")
    client.leave()


async def test_no_idle_time_runs_while_a_file_is_sent(
    tmp_path: Path, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_IDLE_SECONDS", 0.5)
    upstream.add("example.com/large", "v1.0.0", payload=os.urandom(SIZE))
    async with TwoWays(tmp_path, upstream) as site:
        await site.hold(LARGE, INFO)
        client = await asked(site)
        await asyncio.sleep(1.2)
        reader, writer = await client.streams()
        assert (await read_answer(reader)).endswith(upstream.files[LARGE])
        for _ in range(4):
            writer.write(get(INFO))
            assert (await read_answer(reader)).endswith(upstream.files[INFO])
            await asyncio.sleep(0.3)
        # Now the connection is idle.
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


async def test_a_cold_file_is_read_in_a_thread(
    site: TwoWays, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page cache of the test's file system may keep what it is told to drop, so this says what is cold."""
    warmed: list[tuple[int, int]] = []
    really = OpenFile.warm

    async def warm(file: OpenFile, start: int, end: int) -> None:
        warmed.append((start, end))
        await really(file, start, end)
        monkeypatch.setattr(OpenFile, "is_warm", lambda *_: len(warmed) > 3)

    monkeypatch.setattr(OpenFile, "is_warm", lambda *_: False)
    monkeypatch.setattr(OpenFile, "warm", warm)
    assert (await site.ask(site.quick, get(LARGE))).endswith(upstream.files[LARGE])
    assert len(warmed) == 4
    assert site.by_aiohttp.requests == 0


async def test_a_client_that_leaves_while_the_disk_is_read(site: TwoWays, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def warm(_file: OpenFile, _start: int, _end: int) -> None:
        begun.set()
        await go_on.wait()

    monkeypatch.setattr(OpenFile, "is_warm", lambda *_: False)
    monkeypatch.setattr(OpenFile, "warm", warm)
    client = Client(site)
    await client.send(get(LARGE))
    await begun.wait()
    client.leave()
    await site.replica.store.delete(LARGE)
    await eventually(lambda: counted(site)["zip", 499, "hit"] == 1, "the client is counted as gone")
    assert descriptors(site, LARGE) == 1, "the thread may still read"
    go_on.set()
    await eventually(lambda: descriptors(site, LARGE) == 0, "the file is closed")


async def test_others_are_served_while_a_large_file_is_sent(site: TwoWays) -> None:
    fast = asyncio.create_task(site.ask(site.quick, get(LARGE)))
    turns = 0
    while not fast.done():
        await site.ask(site.quick, get(INFO))
        turns += 1
    await fast
    assert turns > 3
