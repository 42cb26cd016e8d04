"""What a process writes, line by line.

We make the pipe ourselves, without the subprocess module. So we see the end of the process at once, even while one of
its children still holds the other end of the pipe.
"""

import asyncio
import os
from collections.abc import Callable

from modproxy.contract.log_lines import printable

LONGEST_LINE = 64 * 1024
"""Bytes. A longer line is split."""
_LAST_WORDS_SECONDS = 0.5


class Output(asyncio.Protocol):
    """Calls `on_line` for each line that arrives. `last_line` is the last one that was not blank."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._pending = b""
        self._closed = asyncio.get_running_loop().create_future()
        self._transport: asyncio.BaseTransport | None = None
        self.last_line = ""

    @classmethod
    async def open(cls, on_line: Callable[[str], None]) -> tuple["Output", int]:
        """Return the reader, and the descriptor for the process, which the caller closes."""
        read, write = os.pipe()
        loop = asyncio.get_running_loop()
        _, output = await loop.connect_read_pipe(lambda: cls(on_line), os.fdopen(read, "rb", buffering=0))
        return output, write

    async def finish(self) -> None:
        """Read what is still in the pipe after the process ended. Other holders of the pipe are not waited for long."""
        await asyncio.wait([self._closed], timeout=_LAST_WORDS_SECONDS)
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the pipe's transport, which `finish` closes."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand over the lines that are complete."""
        *lines, self._pending = (self._pending + data).split(b"\n")
        if len(self._pending) > LONGEST_LINE:
            lines.append(self._pending)
            self._pending = b""
        for line in lines:
            self._hand_over(line)

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand over the last line, which has no line break."""
        self._hand_over(self._pending)
        self._pending = b""
        if not self._closed.done():
            self._closed.set_result(None)

    def _hand_over(self, line: bytes) -> None:
        # What is not of the log, such as words of git or of a crash, may hold anything that the network said.
        if text := printable(line.decode(errors="replace").rstrip()):
            self.last_line = text
            self._on_line(text)
