"""Ports of servers that choose none for themselves."""

import asyncio
import socket
from asyncio.subprocess import Process

_LONGEST_START = 30.0
"""Seconds."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


async def until_listening(port: int, process: Process) -> bool:
    """Wait until the port takes connections; False when the process ends first, or is too slow."""
    try:
        async with asyncio.timeout(_LONGEST_START):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except ConnectionError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return True
    except TimeoutError:
        pass
    return False
