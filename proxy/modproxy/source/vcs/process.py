"""Programs that are run in a process group of their own, which ends with all that it has started."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_MOST_OUTPUT = 32 << 20
"""Bytes of output that are read: a list of a million versions has no more. A program that prints more is ended."""
_BUFFER = 1 << 16
"""Bytes of output that may wait to be read."""
_LOOK_SECONDS = 1.0
"""How often the watch of a running program looks."""


class Ended(NamedTuple):
    """Says how a program ended, and what it printed."""

    code: int
    out: bytes
    err: bytes

    @property
    def said(self) -> str:
        """The error output as text."""
        return self.err.decode(errors="replace")


class TooMuchOutput(Exception):
    """The program printed more than is read of any program."""


async def run_program(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    timeout: float,
    watch: Callable[[], Awaitable[None]] | None = None,
) -> Ended:
    """Run a program. However this ends, also by cancellation, nothing of the program's process group is left.

    `timeout` is in seconds. `watch` is called every second, and ends the program by raising.
    Raises `TimeoutError`, `TooMuchOutput`, `OSError` when there is no such program, and what `watch` raises.
    """
    process, transport = await _start(argv, env, cwd)
    watching = asyncio.create_task(_keep_looking(watch)) if watch else None
    running = asyncio.create_task(_communicate(process))
    tasks = [running, *([watching] if watching else [])]
    try:
        async with asyncio.timeout(timeout):
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if watching and watching.done():
            await watching
        return await running
    finally:
        end_group(process.pid)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        transport.close()
        await process.wait()


async def _start(
    argv: Sequence[str], env: Mapping[str, str], cwd: Path
) -> tuple[asyncio.subprocess.Process, asyncio.SubprocessTransport]:
    """Start a program as `create_subprocess_exec` does, and return its transport too.

    Outputs that nobody reads to their end can only be closed by the transport.
    """
    loop = asyncio.get_running_loop()
    starting = asyncio.create_task(loop.subprocess_exec(
        lambda: asyncio.subprocess.SubprocessStreamProtocol(_BUFFER, loop),
        *argv, cwd=cwd, env=dict(env), start_new_session=True,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    ))  # fmt: skip
    try:
        transport, protocol = await asyncio.shield(starting)
    except asyncio.CancelledError:
        # The program may run already, and asyncio would end it alone, without what it has started.
        with suppress(OSError):
            transport, protocol = await starting
            end_group(transport.get_pid())
            transport.close()
            await asyncio.subprocess.Process(transport, protocol, loop).wait()
        raise
    return asyncio.subprocess.Process(transport, protocol, loop), transport


async def _keep_looking(watch: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        await watch()


async def _communicate(process: asyncio.subprocess.Process) -> Ended:
    if process.stdout is None or process.stderr is None:
        raise AssertionError("both outputs are pipes")
    out, err = await asyncio.gather(_read(process.stdout), _read(process.stderr))
    return Ended(await process.wait(), out, err)


async def _read(stream: asyncio.StreamReader) -> bytes:
    read = bytearray()
    while piece := await stream.read(_BUFFER):
        read += piece
        if len(read) > _MOST_OUTPUT:
            raise TooMuchOutput
    return bytes(read)


def end_group(pid: int) -> None:
    """Kill a program if it still runs, and the programs that it has started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
