"""A client's side of a connection: one request at a time, by hand so that it costs little."""

import asyncio
from typing import cast

GO_HEADERS = "User-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n"
"""What the go command sends beside Host."""


class ClientConnection(asyncio.Protocol):
    """Asks and reads answers. It understands only what the answers of the measured servers need.

    With `keep` the body of the last answer is in `body`, as the pieces in which it came.
    """

    def __init__(self, *, keep: bool = False) -> None:
        self._keep = keep
        self.body: list[bytes] = []
        self._head = b""
        self._missing = -1
        self._chunked = False
        self._ok = False
        self._done: asyncio.Future[bool] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop has a class of its own

    def get(self, request: bytes) -> "asyncio.Future[bool]":
        """Send a request; the future says whether the answer was 200 and whole."""
        assert self._transport is not None
        self._done = asyncio.get_running_loop().create_future()
        self._head, self._missing, self._chunked, self.body = b"", -1, False, []
        self._transport.write(request)
        return self._done

    def data_received(self, data: bytes) -> None:
        if self._missing < 0 and not self._chunked:
            self._head += data
            head, blank, data = self._head.partition(b"\r\n\r\n")
            if not blank:
                return
            self._ok = head[9:12] == b"200"
            fields = head.lower() + b"\r\n"
            self._chunked = b"\r\ntransfer-encoding: chunked\r\n" in fields
            if not self._chunked:
                length = fields.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
                self._missing = int(length or 0)
        if self._chunked:
            self.body.append(data)
            if (
                b"".join(self.body[-2:]).endswith(b"0\r\n\r\n")
                and (whole := dechunked(b"".join(self.body))) is not None
            ):
                self.body = [whole]
                self._end(self._ok)
            return
        self._missing -= len(data)
        if self._keep:
            self.body.append(data)
        if self._missing <= 0:
            # More bytes than were announced are as wrong as fewer.
            self._end(self._ok and self._missing == 0)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(False)

    def close(self) -> None:
        """Close the connection."""
        if self._transport:
            self._transport.close()

    def _end(self, good: bool) -> None:
        if self._done and not self._done.done():
            self._done.set_result(good)


def dechunked(data: bytes) -> bytes | None:
    """Take a body out of its chunks (RFC 9112, section 7.1); None when its end is not there yet."""
    parts: list[bytes] = []
    while True:
        line, newline, data = data.partition(b"\r\n")
        if not newline:
            return None
        size = int(line.partition(b";")[0], 16)
        if size == 0:
            return b"".join(parts) if data.endswith(b"\r\n") else None
        if len(data) < size + 2:
            return None
        parts.append(data[:size])
        data = data[size + 2 :]


def request(url: str, path: str, more: str = "") -> bytes:
    """Make the bytes of a GET as the go command sends it. `more` are further header lines, each with its line end."""
    return f"GET {path} HTTP/1.1\r\nHost: {url.removeprefix('http://')}\r\n{GO_HEADERS}{more}\r\n".encode()


async def connect(url: str, count: int, *, keep: bool = False) -> list[ClientConnection]:
    """Open so many connections to a server."""
    loop = asyncio.get_running_loop()
    host, _, port = url.removeprefix("http://").rpartition(":")
    opened = []
    for _ in range(count):
        _, connection = await loop.create_connection(lambda: ClientConnection(keep=keep), host, int(port))
        opened.append(connection)
    return opened
