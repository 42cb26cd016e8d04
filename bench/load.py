"""A load generator, which is a process of its own: GETs over kept-alive connections, by hand so that it costs little.

    python -m bench.load URL --paths FILE --seconds N [--rate PER_SECOND] [--connections N]

With a rate, requests start at fixed times even if earlier ones are late, and a latency counts from the time at which
its request was due. Without a rate, each connection asks as soon as it is answered. The paths are asked in turn. The
output is JSON: `latencies` in seconds, and `failed`.
"""

import argparse
import asyncio
import json
import sys
import time
from itertools import cycle
from typing import cast

import uvloop


class LoadConnection(asyncio.Protocol):
    """A connection with one request at a time. It understands only what the answers of our servers need."""

    def __init__(self) -> None:
        self._head = b""
        self._missing = -1
        self._ok = False
        self._done: asyncio.Future[bool] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop has a class of its own

    def get(self, path: str) -> "asyncio.Future[bool]":
        """Ask; the future says whether the answer was 200 and whole."""
        assert self._transport is not None
        self._done = asyncio.get_running_loop().create_future()
        self._head, self._missing = b"", -1
        self._transport.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: Go-http-client/1.1\r\n\r\n".encode())
        return self._done

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._head += data
            head, blank, body = self._head.partition(b"\r\n\r\n")
            if not blank:
                return
            self._ok = head[9:12] == b"200"
            self._missing = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            data = body
        self._missing -= len(data)
        if not self._missing:
            self._end(self._ok)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(False)

    def _end(self, good: bool) -> None:
        if self._done and not self._done.done():
            self._done.set_result(good)


async def generate(
    url: str, paths: list[str], seconds: float, rate: float | None, connections: int
) -> dict[str, object]:
    """Ask for so many seconds; see the module's text."""
    loop = asyncio.get_running_loop()
    host, port = url.removeprefix("http://").split(":")
    latencies: list[float] = []
    failed = 0
    following = cycle(paths)
    opened = [(await loop.create_connection(LoadConnection, host, int(port)))[1] for _ in range(connections)]
    idle: asyncio.Queue[LoadConnection] = asyncio.Queue()
    for connection in opened:
        idle.put_nowait(connection)
    end = time.perf_counter() + seconds

    async def ask(connection: LoadConnection, due: float) -> None:
        nonlocal failed
        if await connection.get(next(following)):
            latencies.append(time.perf_counter() - due)
        else:
            failed += 1

    async def ask_again_and_again(connection: LoadConnection) -> None:
        while (now := time.perf_counter()) < end and not failed:
            await ask(connection, now)

    async def ask_when_due(due: float) -> None:
        connection = await idle.get()
        await ask(connection, due)
        idle.put_nowait(connection)

    if rate is None:
        await asyncio.gather(*map(ask_again_and_again, opened))
    else:
        tasks = []
        start = time.perf_counter()
        for number in range(int(seconds * rate)):
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(ask_when_due(due)))
        await asyncio.wait(tasks, timeout=30)
        failed += sum(not task.done() for task in tasks)
    return {"latencies": latencies, "failed": failed}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--paths", required=True, help="a file with one path a line")
    options = parser.parse_args()
    with open(options.paths) as file:  # noqa: PTH123
        lines = file.read().splitlines()
    found = uvloop.run(generate(options.url, lines, options.seconds, options.rate, options.connections))
    json.dump(found, sys.stdout)
