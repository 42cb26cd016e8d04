"""The machine of a developer, and the servers of a test."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.__main__ import main

MODULE = "example.com/m@v1.0.0"
NOT_SET = (
    *("GOFLAGS", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOAUTH", "GOENV", "NETRC", "XDG_CONFIG_HOME", "KUBECONFIG"),
    *("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"),
)
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Machine:
    """The machine of a developer: his settings, and what runs on it."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    arguments: list[str] = field(default_factory=list)

    async def doctor(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run `doctor`, and return its exit status and its document."""
        self.capsys.readouterr()
        status = await asyncio.to_thread(main, ["doctor", *arguments, *self.arguments, "-o", "json"])
        out, err = self.capsys.readouterr()
        assert out, err
        return status, json.loads(out)

    async def text(self, *arguments: str) -> str:
        """Run `doctor`, and return what people read."""
        self.capsys.readouterr()
        await asyncio.to_thread(main, ["doctor", *arguments, *self.arguments])
        return self.capsys.readouterr().out

    def use(self, goproxy: str, **more: str) -> None:
        """Set the variables of the go command."""
        self.monkeypatch.setenv("GOPROXY", goproxy)
        for name, value in more.items():
            self.monkeypatch.setenv(name, value)


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve one connection after the other on 127.0.0.1, and give the port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def answering(status: str, body: str = "", *, server: str = "modproxy", headers: str = "") -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status}\r\nServer: {server}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        writer.write(f"{head}{body}".encode())
        await writer.drain()

    return handle


def looks(told: dict[str, Any]) -> list[str]:
    """Return all that is more than a note: the settings of a test are in no profile of a shell."""
    return [one["code"] for one in told["findings"] if one["weight"] != "note"]


def alarms(told: dict[str, Any]) -> list[str]:
    return [one["code"] for one in told["findings"] if one["weight"] == "wrong"]
