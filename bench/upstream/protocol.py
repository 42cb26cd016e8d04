"""The upstream's side of a connection: parses simple GETs by hand, because it must cost little."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import unquote

from bench.upstream.answers import Answer, Answers, answer

_LONGEST_HEAD = 1 << 16
_NOT_ALLOWED = answer(405, b"only GET is answered\n")


@dataclass(slots=True)
class Service:
    """Holds what all connections share.

    `delay` is in seconds, for each request. Paths that begin with `stalled` are never answered. `fetch` gets what the
    folder has not, and returns the answer.
    """

    answers: Answers
    delay: float = 0.0
    stalled: str | None = None
    fetch: Callable[[str], Awaitable[Answer]] | None = None
    requests: Counter[str] = field(default_factory=Counter)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)


class UpstreamConnection(asyncio.Protocol):
    """Answers the requests of one connection, in their order. It understands only what Go's clients and ours send."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._received = b""
        self._waiting: deque[bytes] = deque()
        self._busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop has a class of its own

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        *heads, self._received = (self._received + data).split(b"\r\n\r\n")
        if len(self._received) > _LONGEST_HEAD and self._transport:
            self._transport.abort()
            return
        self._waiting.extend(heads)
        if not self._busy:
            self._next()

    def _next(self) -> None:
        if not self._waiting:
            self._busy = False
            return
        self._busy = True
        method, _, rest = self._waiting.popleft().partition(b" ")
        path = unquote(rest.partition(b" ")[0].decode("latin-1")).lstrip("/")
        if method != b"GET":
            self._send(_NOT_ALLOWED)
            return
        service = self._service
        service.requests[path] += 1
        if service.stalled and path.startswith(service.stalled):
            return
        if service.delay:
            asyncio.get_running_loop().call_later(service.delay, self._answer, path)
        else:
            self._answer(path)

    def _answer(self, path: str) -> None:
        service = self._service
        found = service.answers.find(path)
        if found is not None:
            self._send(found)
        elif service.fetch is None:
            self._send(answer(404, f"not found: {path}\n".encode()))
        else:
            task = asyncio.get_running_loop().create_task(self._fetch(path, service.fetch))
            service.tasks.add(task)
            task.add_done_callback(service.tasks.discard)

    async def _fetch(self, path: str, fetch: Callable[[str], Awaitable[Answer]]) -> None:
        self._send(await fetch(path))

    def _send(self, found: Answer) -> None:
        if self._transport:
            # A small response leaves in one packet, and no large body is copied.
            if len(found.body) < 1 << 14:
                self._transport.write(found.head + found.body)
            else:
                self._transport.writelines([found.head, found.body])
            self._next()
