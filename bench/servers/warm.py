"""Fills the cache of a server."""

import asyncio
from collections.abc import Sequence

from bench.programs.http_client import ClientConnection, connect, request
from bench.servers.server import Server

_CONNECTIONS = 8
_LONGEST_WRITE = 60
"""Seconds."""


async def warm(server: Server, keys: Sequence[str]) -> None:
    """Ask for all these files once. Raises `RuntimeError` when one of them is not given."""
    following = iter(keys)

    async def ask(connection: ClientConnection) -> None:
        for key in following:
            if not await connection.get(request(server.url, f"/{key}")):
                raise RuntimeError(f"{server.name} does not give {key}")

    opened = await connect(server.url, _CONNECTIONS)
    try:
        await asyncio.gather(*map(ask, opened))
    finally:
        for connection in opened:
            connection.close()
    await server.quiet()


async def until_on_disk(server: Server, keys: Sequence[str]) -> None:
    """Wait until our server has written these files, which it does behind the answers: others serve its folder, too.

    Raises `TimeoutError`.
    """
    async with asyncio.timeout(_LONGEST_WRITE):
        for key in keys:
            while not (server.store / key).exists():
                await asyncio.sleep(0.02)
