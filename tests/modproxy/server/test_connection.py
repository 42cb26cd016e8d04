"""Clients that close their side of the connection: those that wait for an answer, and those that have left."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from modproxy.server import listener as server_listener
from modproxy.server.listener import ClientListener, address_of, open_listener
from tests.kubernetes.eventually import eventually

REQUEST = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"


class Site:
    """Answers each request with its path, once `go_on` is set. `begun` and `cancelled` count requests."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.begun = self.cancelled = 0
        self.port = 0

    async def handle(self, http: web.BaseRequest) -> web.StreamResponse:
        self.begun += 1
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return web.Response(text=http.path)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Site"]:
        sock = open_listener("127.0.0.1:0", "listen")
        self.port = address_of(sock).port
        listener = ClientListener(sock, self.handle, None)
        await listener.start()
        yield self
        await listener.drain(0.1)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site().serving() as serving:
        yield serving


async def read_to_the_end(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        return await reader.read()


@pytest.mark.parametrize("requests", [1, 2, 20])
@pytest.mark.parametrize("waits", [False, True])
async def test_all_answers_come_after_a_half_close(site: Site, requests: int, waits: bool) -> None:
    if not waits:
        site.go_on.set()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"".join(REQUEST % number for number in range(requests)))
    writer.write_eof()
    if waits:
        await eventually(lambda: site.begun == 1, "the first request has begun")
        await asyncio.sleep(0.1)
        site.go_on.set()
    said = await read_to_the_end(reader)
    assert said.count(b"HTTP/1.1 200 OK") == requests
    assert said.endswith(b"\r\n\r\n/%d" % (requests - 1))
    writer.close()


async def test_an_old_client_waits_without_interim_responses(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET /old HTTP/1.0\r\n\r\n")
    writer.write_eof()
    await eventually(lambda: site.begun == 1, "the request has begun")
    await asyncio.sleep(1.2)
    site.go_on.set()
    assert (await read_to_the_end(reader)).startswith(b"HTTP/1.0 200 OK")
    writer.close()


async def test_a_patient_client_gets_interim_responses_and_its_answer(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(REQUEST % 1)
    writer.write_eof()
    async with asyncio.timeout(20):
        assert await reader.readline() == b"HTTP/1.1 102 Processing\r\n"
    site.go_on.set()
    said = await read_to_the_end(reader)
    assert b"HTTP/1.1 200 OK" in said
    assert said.endswith(b"/1")
    writer.close()


async def test_the_work_for_a_client_that_left_is_cancelled(site: Site) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(REQUEST % 1)
    await eventually(lambda: site.begun == 1, "the request has begun")
    writer.close()
    await eventually(lambda: site.cancelled == 1, "the request is cancelled")


async def test_the_work_for_a_client_that_was_killed_is_cancelled(site: Site) -> None:
    client = socket.create_connection(("127.0.0.1", site.port))
    client.sendall(REQUEST % 1)
    await eventually(lambda: site.begun == 1, "the request has begun")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    client.close()
    await eventually(lambda: site.cancelled == 1, "the request is cancelled")


async def test_a_body_that_never_ends_keeps_no_connection(site: Site) -> None:
    site.go_on.set()
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 ")
    writer.write_eof()
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()


async def test_the_rest_of_a_body_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_listener, "_LINGERING_SECONDS", 0.2)
    async with Site().serving() as site:
        site.go_on.set()
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        async with asyncio.timeout(5):
            await reader.read()
        writer.close()


async def test_a_connection_without_a_request_is_closed(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET /unfinished")
    writer.write_eof()
    assert await read_to_the_end(reader) == b""
    assert site.begun == 0
    writer.close()
