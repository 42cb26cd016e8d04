"""A load generator: GETs over kept-alive connections.

    python -m bench.programs.load URL --paths FILE --seconds N [--rate PER_SECOND] [--connections N] [--once] [--fresh]

With a rate, requests start at fixed times even if earlier ones are late, and a latency counts from the time at which
its request was due. Without a rate, each connection asks as soon as it is answered; with --once, it asks once, at the
same time as the others. The paths are asked for in turn. With --fresh each request has an X-Request-Id of its own. The
output is JSON: `latencies` in seconds, and `failed`.
"""

import argparse
import asyncio
import json
import sys
import time
from itertools import count, cycle
from pathlib import Path

import uvloop

from bench.programs.http_client import ClientConnection, connect, request


class Load:
    """Asks one server for paths in turn, and notes how long the answers take."""

    def __init__(self, url: str, paths: list[str], connections: int, *, fresh: bool) -> None:
        self.latencies: list[float] = []
        self.failed = 0
        self._url = url
        self._connections = connections
        self._requests = cycle([request(url, path)[:-2] for path in paths])
        self._ids = count()
        self._fresh = fresh

    async def generate(self, seconds: float, rate: float | None, *, once: bool) -> None:
        """Ask for so many seconds; see the module's text."""
        opened = await connect(self._url, self._connections)
        end = time.perf_counter() + seconds
        if once:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(self._ask(connection, time.perf_counter()) for connection in opened))
        elif rate is None:
            await asyncio.gather(*(self._again_and_again(connection, end) for connection in opened))
        else:
            await self._steadily(opened, seconds, rate)

    async def _ask(self, connection: ClientConnection, due: float) -> None:
        own = f"X-Request-Id: {next(self._ids):032x}\r\n".encode() if self._fresh else b""
        if await connection.get(next(self._requests) + own + b"\r\n"):
            self.latencies.append(time.perf_counter() - due)
        else:
            self.failed += 1

    async def _again_and_again(self, connection: ClientConnection, end: float) -> None:
        while (now := time.perf_counter()) < end and not self.failed:
            await self._ask(connection, now)

    async def _steadily(self, opened: list[ClientConnection], seconds: float, rate: float) -> None:
        idle: asyncio.Queue[ClientConnection] = asyncio.Queue()
        for connection in opened:
            idle.put_nowait(connection)

        async def when_due(due: float) -> None:
            connection = await idle.get()
            await self._ask(connection, due)
            idle.put_nowait(connection)

        tasks = []
        start = time.perf_counter()
        for number in range(int(seconds * rate)):
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(when_due(due)))
        await asyncio.wait(tasks, timeout=30)
        self.failed += sum(not task.done() for task in tasks)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--paths", type=Path, required=True, help="a file with one path a line")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    load = Load(options.url, options.paths.read_text().splitlines(), options.connections, fresh=options.fresh)
    uvloop.run(load.generate(options.seconds, options.rate, once=options.once))
    json.dump({"latencies": load.latencies, "failed": load.failed}, sys.stdout)
