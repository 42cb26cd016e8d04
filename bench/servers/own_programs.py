"""Runs modules of bench.programs and the upstream as processes of their own, on the core of the clients."""

import asyncio
import contextlib
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.machine.cores import CORES, bound
from bench.servers.server import Server

_LONGEST_LINE = 1 << 27
"""Bytes of a program's JSON, which has a latency for each request."""


async def _start(*arguments: str, core: int | None) -> Process:
    with bound(core):
        return await asyncio.create_subprocess_exec(sys.executable, "-m", *arguments, stdout=PIPE, limit=_LONGEST_LINE)


@asynccontextmanager
async def running(*arguments: str, core: int | None = CORES.load) -> AsyncIterator[tuple[Process, str]]:
    """Run a module of ours until the context is left; gives the first line it says, which means that it is ready."""
    process = await _start(*arguments, core=core)
    assert process.stdout is not None
    try:
        said = (await process.stdout.readline()).decode().strip()
        if not said:
            raise RuntimeError(f"{arguments[0]} does not start")
        yield process, said
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def json_of(*arguments: str, core: int | None = CORES.load) -> Any:
    """Run a module of ours to its end and return the JSON that it printed. Raises `RuntimeError` when it fails."""
    process = await _start(*arguments, core=core)
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: exit code {process.returncode}")
    return json.loads(said)


@asynccontextmanager
async def plain_server(folder: Path) -> AsyncIterator[Server]:
    """Serve a folder by aiohttp's static files, on the server's core."""
    async with running("bench.programs.plain_server", str(folder), core=CORES.server) as (process, url):
        yield Server("aiohttp static", url, process.pid, folder)
