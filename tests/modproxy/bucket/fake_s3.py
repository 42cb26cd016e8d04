"""An S3 of one bucket for tests: a real HTTP server that keeps objects in memory and fails on demand.

It checks no signature. What it answers where a real server refuses has the form of a real server's answer.
"""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self
from xml.sax.saxutils import escape, unescape

from aiohttp import web

BUCKET = "mods"
_DATE = "Fri, 27 Nov 2026 06:00:00 GMT"
Fault = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]
"""Answers in place of the server, or returns None."""


class FakeS3:
    """Serves `objects`, each with its headers, at `url`. `faults` are asked first."""

    def __init__(self, port: int = 0) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.requests: Counter[tuple[str, str]] = Counter()
        self.faults: list[Fault] = []
        self.largest_body = 0
        self._port = port
        self._runner: web.ServerRunner | None = None
        self.url = ""

    async def start(self) -> None:
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Vanish; `start` comes back at the same port, with the same objects."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def count(self, method: str, part: str = "") -> int:
        """Count requests by method and a part of their keys."""
        return sum(number for (asked, key), number in self.requests.items() if asked == method and part in key)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        key = request.path.removeprefix(f"/{BUCKET}").lstrip("/")
        self.requests[request.method, key] += 1
        for fault in self.faults:
            if (answer := await fault(request)) is not None:
                return answer
        if not request.path.startswith(f"/{BUCKET}"):
            return error(404, "NoSuchBucket")
        if request.method == "GET" and "list-type" in request.query:
            return self._list(request.query.get("prefix", ""))
        if request.method in ("PUT", "POST"):
            return await self._write(request, key)
        if key not in self.objects:
            return error(404, "NoSuchKey")
        return self._read(request, *self.objects[key])

    def _read(self, request: web.BaseRequest, body: bytes, headers: dict[str, str]) -> web.Response:
        status, sent = 200, {"ETag": f'"{hashlib.md5(body).hexdigest()}"', **headers}
        if wanted := request.headers.get("Range"):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            end = min(int(last or len(body) - 1), len(body) - 1)
            sent["Content-Range"] = f"bytes {first}-{end}/{len(body)}"
            body, status = body[int(first) : end + 1], 206
        sent["Last-Modified"] = _DATE
        if request.method == "HEAD":
            return web.Response(status=status, headers={**sent, "Content-Length": str(len(body))})
        return web.Response(body=body, status=status, headers=sent)

    async def _write(self, request: web.BaseRequest, key: str) -> web.Response:
        body, query = await request.content.read(), request.query
        self.largest_body = max(self.largest_body, len(body))
        if request.method == "POST" and "delete" in query:
            names = re.findall(r"<Key>([^<]*)</Key>", body.decode())
            for name in names:
                self.objects.pop(unescape(name), None)
            told = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
            return web.Response(text=f"<DeleteResult>{told}</DeleteResult>")
        kept = {name: value for name, value in request.headers.items() if name.lower().startswith("x-amz-meta-")}
        kept["Content-Type"] = request.headers.get("Content-Type", "")
        if request.method == "POST" and "uploads" in query:
            self.parts[key], self.headers[key] = {}, kept
            return web.Response(
                text=f"<InitiateMultipartUploadResult><UploadId>{len(self.parts)}</UploadId></InitiateMultipartUploadResult>"
            )
        if "partNumber" in query:
            self.parts[key][int(query["partNumber"])] = body
            return web.Response(headers={"ETag": f'"{query["partNumber"]}"'})
        if request.method == "POST":
            whole = b"".join(part for _, part in sorted(self.parts.pop(key).items()))
            self.objects[key] = whole, self.headers.pop(key)
            return web.Response(text='<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>')
        if request.headers.get("If-None-Match") == "*" and key in self.objects:
            return error(412, "PreconditionFailed")
        self.objects[key] = body, kept
        return web.Response(headers={"ETag": '"1"'})

    def _list(self, prefix: str) -> web.Response:
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(body)}</Size><ETag>1</ETag>"
            "<LastModified>2026-11-27T06:00:00.000Z</LastModified></Contents>"
            for key, (body, _) in sorted(self.objects.items())
            if key.startswith(prefix)
        )
        return web.Response(text=f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>")


def error(status: int, code: str, message: str = "words of the server") -> web.Response:
    """Make the answer of a refusal."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return web.Response(status=status, text=text, content_type="application/xml")


def answers(status: int, code: str, *, method: str = "", part: str = "") -> Fault:
    """Refuse the requests with this method and this part in their path."""

    async def fault(request: web.BaseRequest) -> web.Response | None:
        meant = method in ("", request.method) and part in request.path
        return error(status, code) if meant else None

    return fault


def ignores_conditions(s3: FakeS3) -> Fault:
    """Write over what is there, as servers do that know no conditional requests."""

    async def fault(request: web.BaseRequest) -> web.Response | None:
        if "If-None-Match" in request.headers:
            s3.objects.pop(request.path.removeprefix(f"/{BUCKET}/"), None)
        return None

    return fault


def hangs(part: str = "") -> Fault:
    """Take requests and never answer."""

    async def fault(request: web.BaseRequest) -> web.Response | None:
        if part in request.path:
            await asyncio.sleep(3600)
        return None

    return fault


def cuts(body: bytes, after: int, *, part: str) -> Fault:
    """Announce an object, and end the connection after some of its bytes, whatever the request asks for."""

    async def fault(request: web.BaseRequest) -> web.StreamResponse | None:
        if request.method != "GET" or part not in request.path:
            return None
        transport = request.transport
        assert transport is not None
        if "Range" in request.headers:
            transport.close()
            return web.Response()
        head = f'HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nETag: "1"\r\n'
        kept = "".join(f"{name}: {value}\r\n" for name, value in {**KEPT, "Last-Modified": _DATE}.items())
        transport.write(f"{head}{kept}\r\n".encode() + body[:after])
        await asyncio.sleep(0.05)
        transport.close()
        return web.Response()

    return fault


KEPT: dict[str, str] = {}
"""The headers that `cuts` sends too."""
