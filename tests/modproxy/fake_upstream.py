"""An upstream module proxy for tests: a real HTTP server with made modules, which misbehaves on demand."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from modproxy.mod.path import escape
from tests.modproxy.module_files import go_mod, info, module_zip
from tests.secrecy.harness import note_location
from tests.secrecy.watch import WATCH

Behaviour = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class FakeUpstream:
    """Serves `files` by path (`example.com/m/@v/list`), unless the path has one of `behaviours`.

    `requests` counts GETs by path.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.behaviours: dict[str, Behaviour] = {}
        self.requests: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self._server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=0.1)

    def add(self, path: str, *versions: str, payload: bytes = b"package m\n") -> None:
        """Add a module with all files of these versions."""
        base = escape(path)
        for version in versions:
            stem = f"{base}/@v/{escape(version)}"
            self.files[f"{stem}.info"] = info(version)
            self.files[f"{stem}.mod"] = go_mod(path)
            self.files[f"{stem}.zip"] = module_zip(path, version, {"go.mod": go_mod(path), "m.go": payload})
        self.files[f"{base}/@v/list"] = "".join(f"{v}\n" for v in versions).encode()
        self.files[f"{base}/@latest"] = info(versions[-1])

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        key = request.path.lstrip("/")
        self.requests[key] += 1
        self.headers.append(dict(request.headers))
        if key in self.behaviours:
            return await self.behaviours[key](request)
        body = self.files.get(key)
        if body is None:
            return web.Response(status=404, text=f"not found: {key}: unknown revision\n")
        return web.Response(body=body)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        WATCH.saw("request to an upstream", "\n".join(f"{headers}" for headers in self.headers))


def status(code: int, text: str = "", headers: dict[str, str] | None = None) -> Behaviour:
    """Answer with a status and a text. The query of a redirect is a secret: it may be a signature."""
    note_location((headers or {}).get("Location", ""))

    async def behave(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=code, text=text, headers=headers)

    return behave


def body(data: bytes, content_type: str = "text/plain") -> Behaviour:
    """Answer 200 with these bytes."""

    async def behave(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=data, content_type=content_type)

    return behave


def cut(data: bytes, after: int, *, announce: bool = True, when: asyncio.Event | None = None) -> Behaviour:
    """Begin to send `data`, and end the connection after some bytes: a moment later, or once `when` is set.

    Without `announce` there is no Content-Length, so that the client sees only a clean end of the connection
    (HTTP/1.0).
    """

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        length = f"Content-Length: {len(data)}\r\n" if announce else ""
        version = "1.1" if announce else "1.0"
        transport.write(f"HTTP/{version} 200 OK\r\n{length}Content-Type: text/plain\r\n\r\n".encode() + data[:after])
        await (asyncio.sleep(0.05) if when is None else when.wait())
        transport.close()
        return web.Response()

    return behave


def drip(data: bytes, seconds: float) -> Behaviour:
    """Answer one byte at a time, with a pause of so many seconds after each."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = len(data)
        await response.prepare(request)
        for byte in data:
            await response.write(bytes([byte]))
            await asyncio.sleep(seconds)
        return response

    return behave


def hang() -> Behaviour:
    """Take the request and never answer."""

    async def behave(_: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(3600)
        return web.Response()

    return behave


class Gate:
    """Answers with `data` in two parts, the second one after `open` is set. The first request sets `begun`."""

    def __init__(self, data: bytes, first: int) -> None:
        self.open = asyncio.Event()
        self.begun = asyncio.Event()
        self._data = data
        self._first = first

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = len(self._data)
        await response.prepare(request)
        if self._first:
            await response.write(self._data[: self._first])
        self.begun.set()
        await self.open.wait()
        await response.write(self._data[self._first :])
        await response.write_eof()
        return response
