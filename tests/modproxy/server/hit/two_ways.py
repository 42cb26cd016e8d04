"""A whole replica with two listeners on one handler: one answers hits from memory, the other is aiohttp alone."""

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from modproxy.config_file import Loaded
from modproxy.contract.address import Address
from modproxy.replica import Replica
from modproxy.server.handler import ClientHandler
from modproxy.server.listener import ClientListener, address_of, open_listener
from tests.kubernetes.eventually import eventually
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.making import loaded

M = "example.com/!mixed"
INFO, MOD, ZIP, LIST = (f"{M}/@v/{name}" for name in ("v1.0.0.info", "v1.0.0.mod", "v1.0.0.zip", "list"))
DATE = re.compile(rb"\r\n(?:Date|X-Request-Id): [^\r]+")
"""What differs between two answers that are the same: when they were sent, and to which request."""
AGE = re.compile(rb"\r\nAge: [^\r]+")


class Counted:
    """Hands requests to a handler, and counts them."""

    def __init__(self, handler: ClientHandler) -> None:
        self._handler = handler
        self.requests = 0

    async def handle(self, http: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        return await self._handler.handle(http)


class TwoWays:
    """Use it as a context manager. `by_aiohttp` counts what the listener with hits left to aiohttp."""

    def __init__(
        self,
        folder: Path,
        upstream: FakeUpstream,
        config: Mapping[str, Any] | None = None,
        tls: ssl.SSLContext | None = None,
        trusting: ssl.SSLContext | None = None,
    ) -> None:
        self.cache = folder / "cache"
        self._upstream = upstream
        self.replica = Replica(self.config(config or {}), [Address("127.0.0.1", 1)])
        self.by_aiohttp = Counted(self.replica.handler)
        quick, plain = open_listener("127.0.0.1:0", "listen"), open_listener("127.0.0.1:0", "listen")
        self.quick, self.plain = address_of(quick).port, address_of(plain).port
        self.listener = ClientListener(quick, self.by_aiohttp.handle, tls, self.replica.handler.hits)
        self._plain = ClientListener(plain, self.replica.handler.handle, tls)
        self._trusting = trusting

    def config(self, changed: Mapping[str, Any]) -> Loaded:
        """Make a config for this replica."""
        cache = {"dir": str(self.cache), **changed.get("cache", {})}
        return loaded({"upstream": {"goproxy": self._upstream.url, "gosumdb": "off"}, **changed, "cache": cache})

    async def __aenter__(self) -> Self:
        await self.replica.start()
        await self.listener.start()
        await self._plain.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.listener.drain(1)
        await self._plain.drain(1)
        await self.replica.close()

    async def settled(self) -> None:
        """Wait until no fetch is under way, and the listeners of the store have heard of everything."""
        await eventually(lambda: not self.replica._cache._tasks, "no fetch is under way")
        await self.replica.store.settle()
        await asyncio.sleep(0.01)

    async def hold(self, *paths: str) -> None:
        """Ask often enough for answers to be held in memory, and check that they are."""
        for _ in range(3):
            for path in paths:
                assert (await self.ask(self.plain, get(path))).startswith(b"HTTP/1.1 200 "), path
            await self.settled()
        before = self.by_aiohttp.requests
        for path in paths:
            await self.ask(self.quick, get(path))
        assert self.by_aiohttp.requests == before, "all of them are answered from memory"

    async def ask(self, port: int, request: bytes) -> bytes:
        """Send one request, and return the whole answer, read by its Content-Length."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=self._trusting)
        try:
            writer.write(request)
            return await read_answer(reader, is_head=request.startswith(b"HEAD"))
        finally:
            writer.transport.abort()

    async def exchange(self, port: int, *packets: bytes, quiet: float = 0.1) -> bytes:
        """Send packets one after the other, close this side when nothing more comes, and return all that came."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = bytearray()
        try:
            for packet in packets:
                writer.write(packet)
                await asyncio.sleep(0.002)
            while piece := await asyncio.wait_for(reader.read(1 << 16), quiet):
                answer += piece
        except TimeoutError:
            writer.write_eof()
            answer += await asyncio.wait_for(reader.read(), 10)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()
        return bytes(answer)


def get(path: str, *lines: str, method: str = "GET", host: str = "x") -> bytes:
    """Make a request with these further header lines."""
    return "\r\n".join([f"{method} /{path} HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode("latin-1")


async def read_answer(reader: asyncio.StreamReader, *, is_head: bool = False) -> bytes:
    """Read one answer that has a Content-Length, or none and no body."""
    async with asyncio.timeout(20):
        head = await reader.readuntil(b"\r\n\r\n")
        found = re.search(rb"\r\nContent-Length: (\d+)", head)
        return head + (await reader.readexactly(int(found[1])) if found and not is_head else b"")


def undated(answer: bytes) -> bytes:
    """Return an answer without its Date and X-Request-Id headers."""
    return DATE.sub(b"", answer)


def untimed(answer: bytes) -> bytes:
    """Return an answer without what changes from second to second."""
    return AGE.sub(b"", undated(answer))
