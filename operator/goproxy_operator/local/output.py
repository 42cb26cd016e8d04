"""What a process writes, line by line. The pipe is ours and not the subprocess module's, so that the end of the process
is seen at once even while a child of its own still holds the other end.
"""

import asyncio
import os
from collections.abc import Callable

LONGEST_LINE = 64 * 1024
"""Bytes; what is longer is broken."""
_LAST_WORDS_SECONDS = 0.5


class Output(asyncio.Protocol):
    """Splits what arrives into lines and passes each on. `last_line` is the last that was not blank."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._pending = b""
        self._closed = asyncio.get_running_loop().create_future()
        self._transport: asyncio.BaseTransport | None = None
        self.last_line = ""

    @classmethod
    async def open(cls, on_line: Callable[[str], None]) -> tuple["Output", int]:
        """Return the reader and the descriptor to hand down, which the caller closes."""
        read, write = os.pipe()
        loop = asyncio.get_running_loop()
        _, output = await loop.connect_read_pipe(lambda: cls(on_line), os.fdopen(read, "rb", buffering=0))
        return output, write

    async def finish(self) -> None:
        """Take what is still in the pipe after the process ended, without waiting long for other holders of it."""
        await asyncio.wait([self._closed], timeout=_LAST_WORDS_SECONDS)
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the pipe's transport, to close it."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Pass on the lines that are complete."""
        *lines, self._pending = (self._pending + data).split(b"\n")
        if len(self._pending) > LONGEST_LINE:
            lines.append(self._pending)
            self._pending = b""
        for line in lines:
            self._pass_on(line)

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on what was left without a line's end."""
        self._pass_on(self._pending)
        self._pending = b""
        if not self._closed.done():
            self._closed.set_result(None)

    def _pass_on(self, line: bytes) -> None:
        if text := line.decode(errors="replace").rstrip():
            self.last_line = text
            self._on_line(text)
