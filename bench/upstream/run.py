"""Runs an upstream of a folder, and asks it what it was asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bench.machine.cores import CORES
from bench.servers.own_programs import running
from bench.servers.server import Upstream


@asynccontextmanager
async def upstream(
    folder: Path, database: str, *options: str, core: int | None = CORES.load
) -> AsyncIterator[Upstream]:
    """Serve a folder, on the core of the clients; the options are those of `python -m bench.upstream`."""
    async with running("bench.upstream", str(folder), *options, core=core) as (_, url):
        yield Upstream(url, database)


async def requests(source: Upstream) -> dict[str, int]:
    """Return how often the upstream was asked for each path."""
    async with aiohttp.ClientSession() as session, session.get(f"{source.url}/-/requests") as response:
        counted: dict[str, int] = await response.json(content_type=None)
        return counted


async def recorded(source: Upstream) -> int:
    """Return how many answers the upstream had to record since its start."""
    async with aiohttp.ClientSession() as session, session.get(f"{source.url}/-/recorded") as response:
        counted: int = await response.json(content_type=None)
        return counted
