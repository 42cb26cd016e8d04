"""Serves a company's git host and the HTTP proxy that leads there; only the cluster's pods reach the address."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.modproxy.git_host import HOST, Egress, GitHost


class PrivateNetwork:
    """A company's network: `git` is the host, `proxy_url` the way to it. An event loop in a thread serves both."""

    def __init__(self, address: str, folder: Path) -> None:
        self.git = GitHost(folder)
        self.proxy_url = ""
        self.asked: list[str] = []
        self._address = address
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._thread = threading.Thread(target=self._loop.run_forever, name="private-network", daemon=True)

    async def _open(self) -> None:
        await self._stack.enter_async_context(self.git)
        egress = await self._stack.enter_async_context(Egress({HOST: self.git.port}, self._address))
        self.proxy_url, self.asked = egress.url, egress.asked

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(30)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._stack.aclose(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
