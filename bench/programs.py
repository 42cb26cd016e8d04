"""Starts the programs of a measurement, looks at them in /proc by their process id, and ends them."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.modproxy.proxy_process import ProxyProcess

_TICKS = os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[tuple[Process, str]]:
    """Run a module of ours until the context is left; gives the first line it says, which means that it is ready."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *arguments, stdout=PIPE)
    assert process.stdout is not None
    try:
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def output_of(*arguments: str) -> str:
    """Run a module of ours to its end and return what it printed."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *arguments, stdout=PIPE)
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: exit code {process.returncode}")
    return said.decode()


def pid_of(proxy: ProxyProcess) -> int:
    """Return the process id of a running proxy."""
    assert proxy.process is not None
    return proxy.process.pid


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, its own and the system's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def rss_mib(pid: int, what: str = "VmRSS") -> float:
    """Return a process's resident memory (`VmHWM`: the most it ever had)."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024
