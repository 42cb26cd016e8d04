"""A process of clients that are bad company for others: slow readers, and requests that upstream never answers.

    python -m bench.programs.crowd URL --readers N --stalled N

A slow reader asks for a large zip that is held and reads a kilobyte of it each second. The
process prints a line once all have asked, and goes on until it is killed.
"""

import argparse
import asyncio
import socket
from urllib.parse import urlsplit

from bench.upstream.made import LARGE, keys_of

LARGE_ZIP = keys_of(LARGE)[-1]
STALLED = "example.com/stalled/"
_AT_ONCE = asyncio.Semaphore(50)


async def ask(url: str, path: str) -> socket.socket:
    """Ask for a path over a connection with a small window."""
    loop = asyncio.get_running_loop()
    address = urlsplit(url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    async with _AT_ONCE:
        await loop.sock_connect(connection, (address.hostname, address.port))
        await loop.sock_sendall(connection, f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return connection


async def read_slowly(connection: socket.socket) -> None:
    """Read a kilobyte each second for as long as there is one."""
    with connection:
        while True:
            if not await asyncio.get_running_loop().sock_recv(connection, 1024):
                return
            await asyncio.sleep(1)


async def crowd(url: str, readers: int, stalled: int) -> None:
    """Stay until killed."""
    paths = [LARGE_ZIP] * readers + [f"{STALLED}m{n}/@v/v1.0.0.zip" for n in range(stalled)]
    connections = await asyncio.gather(*(ask(url, path) for path in paths))
    print("ready", flush=True)
    await asyncio.gather(*map(read_slowly, connections))
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--stalled", type=int, default=100)
    options = parser.parse_args()
    asyncio.run(crowd(options.url, options.readers, options.stalled))
