"""A server that answers with given bytes and keeps what came over the wire, byte for byte."""

import asyncio
from types import TracebackType
from typing import Self

from tests.secrecy.harness import note_location


class RawServer:
    """Answers each connection's one request with `answer`. `requests` has the heads of all requests."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    @property
    def request_lines(self) -> list[str]:
        return [head.partition(b"\r\n")[0].decode("latin-1") for head in self.requests]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()


def ok(body: bytes) -> bytes:
    """Make a whole answer."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body


def redirect(location: str, status: int = 302, body: bytes = b"") -> bytes:
    """Make a redirect. The query of its URL is a secret: it may be a signature."""
    note_location(location)
    head = (
        f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("utf-8", "surrogateescape") + body
