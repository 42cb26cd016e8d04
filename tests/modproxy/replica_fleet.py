"""A fleet of real replicas that are peers of each other. What they say to each other can be held up by a relay."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from modproxy.fleet.rendezvous import owner_of, subject_of
from tests.modproxy.proxy_process import ProxyProcess
from tests.secrecy.registry import REGISTRY


class Relay:
    """Passes bytes on to an address. While it is `cut`, no connection gets a byte, and none is refused."""

    def __init__(self) -> None:
        self.cut = False
        self.to: tuple[str, int] = ("127.0.0.1", 0)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            there, back = await asyncio.open_connection(*self.to)
            ways = [asyncio.create_task(self._pass(reader, back)), asyncio.create_task(self._pass(there, writer))]
            self._tasks.update(ways)
            await asyncio.wait(ways)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                while self.cut:
                    await asyncio.sleep(0.05)
                writer.write(data)
                await writer.drain()
        writer.close()

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._server is not None:
            self._server.close()


class Fleet:
    """Runs `count` replicas with `config`. `spare` more ones have addresses, and are started by `start`.

    With `relays`, replicas reach each other through one relay a replica. Use it as a context manager.
    """

    def __init__(
        self, folder: Path, config: dict[str, Any], count: int = 3, *, spare: int = 0, relays: bool = False
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.token = secrets.token_urlsafe(24)
        REGISTRY.add(self.token, "token of the peers")
        self._token_file = folder / "token"
        self._token_file.write_text(self.token)
        self._config = config
        self._count = count
        self._sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count + spare)]
        self.ports = [listener.getsockname()[1] for listener in self._sockets]
        for listener in self._sockets:
            listener.close()  # a replica that does not run refuses connections
        self.relays = [Relay() for _ in self.ports] if relays else []
        self.addresses = [f"127.0.0.1:{port}" for port in self.ports]
        self.replicas: list[ProxyProcess] = []

    async def __aenter__(self) -> Self:
        if self.relays:
            self.addresses = [await relay.start() for relay in self.relays]
            for relay, port in zip(self.relays, self.ports, strict=True):
                relay.to = "127.0.0.1", port
        self.replicas = [
            ProxyProcess(self.folder / name, self.config_of(number)) for number, name in enumerate(self.names)
        ]
        await asyncio.gather(*(replica.start() for replica in self.running))
        await self.together()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for relay in self.relays:
            relay.close()
        await asyncio.gather(*(replica.__aexit__(kind, error, trace) for replica in self.replicas if replica.process))

    def config_of(self, number: int) -> dict[str, Any]:
        peers = {
            "listen": f"127.0.0.1:{self.ports[number]}",
            "name": self.names[number],
            "addresses": self.addresses,
            "tokenFile": str(self._token_file),
        }
        return {"id": "fleet", "shutdown": {"timeout": "5s"}, **self._config, "peers": peers}

    @property
    def names(self) -> list[str]:
        return [f"replica-{number}" for number in range(len(self.ports))]

    @property
    def running(self) -> list[ProxyProcess]:
        return self.replicas[: self._count]

    async def start(self, number: int) -> ProxyProcess:
        """Start a replica, a spare one or one that has ended."""
        replica = self.replicas[number]
        await replica.start()
        return replica

    async def together(self, replicas: Sequence[ProxyProcess] | None = None) -> None:
        """Wait until the replicas see each other."""
        all_of_them = self.running if replicas is None else list(replicas)
        others = len(all_of_them) - 1
        for replica in all_of_them:
            await replica.until_report(lambda report: report.peers is not None and len(report.peers.seen) == others)

    def owner(self, key: str, numbers: Sequence[int] | None = None) -> int:
        """Return which of the replicas owns a file."""
        fleet = [self.names[number] for number in (numbers if numbers is not None else range(self._count))]
        return self.names.index(owner_of(subject_of(key), fleet) or "")
