"""Runs in a pod: several clients ask a fleet for files over and over, and each second a line says how it goes.

The arguments are the URL of the fleet, how many clients, and the file that lists the paths. Like go's own HTTP client,
aiohttp asks again when a connection that it had kept was closed before a byte of the answer came. Everything else than
a whole answer of 200 is a failure, and its line names it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

import aiohttp

REQUEST_SECONDS = 20.0


async def ask_all(url: str, clients: int, paths: list[str]) -> None:
    """Ask until killed."""
    asked: Counter[str] = Counter()
    failures: list[str] = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS)) as session:
        for _ in range(clients):
            task = asyncio.create_task(_ask(session, url, paths, asked, failures))
            task.add_done_callback(lambda done: done.result())
        while True:
            await asyncio.sleep(1)
            sys.stdout.write(json.dumps({"asked": asked["all"], "failures": failures[:20]}) + "\n")
            sys.stdout.flush()


async def _ask(
    session: aiohttp.ClientSession, url: str, paths: list[str], asked: Counter[str], failures: list[str]
) -> None:
    order = random.sample(paths, len(paths))
    for path in itertools.cycle(order):
        begun = time.monotonic()
        try:
            async with session.get(f"{url}/{path}") as answer:
                body = await answer.read()
                if answer.status != 200:
                    failures.append(f"{path}: {answer.status} {body[:200]!r}")
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            failures.append(f"{path} after {time.monotonic() - begun:.2f} s: {type(failure).__name__} {failure}")
        asked["all"] += 1
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(ask_all(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]).read_text().split()))
