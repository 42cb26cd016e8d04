"""How a process is kept running, tried with programs that misbehave in ways in which modproxy does not."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from goproxy_operator.local.replica_process import Launch, ReplicaProcess
from goproxy_operator.local.state import Death, Phase, ReplicaState
from tests.local.reports import report


class Witness:
    """Remembers the states and the lines that it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._happened = asyncio.Event()

    def changed(self) -> None:
        """Note a changed state."""
        self._happened.set()

    def said(self, replica: str, line: str) -> None:
        """Note a line that the process wrote."""
        self.lines.append(f"{replica} {line}")
        self._happened.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(20):
            while not condition():
                self._happened.clear()
                await self._happened.wait()


@asynccontextmanager
async def running(program: str, *arguments: str) -> AsyncIterator[tuple[ReplicaProcess, Witness]]:
    """Keep `program`, Python, running as a replica; it is killed at the end if the test does not stop it."""
    read, write = os.pipe()
    witness = Witness()
    launch = Launch((sys.executable, "-c", program, *arguments), dict(os.environ), (), read)
    replica = ReplicaProcess(ReplicaState("a-0", Phase.STARTING, "c1"), launch, witness)
    replica.start()
    try:
        yield replica, witness
    finally:
        await replica.stop(0.0)
        os.close(read)
        os.close(write)


async def test_deaths_in_a_row_are_waited_for_longer_and_shown_with_the_last_line() -> None:
    async with running("print('before'); print('last words'); raise SystemExit(7)") as (replica, witness):
        for delay, restarts in (0.5, 0), (1.0, 1):
            await witness.until(lambda: replica.state.phase is Phase.WAITING)
            assert replica.state.death == Death(7, "last words")
            assert (replica.state.restart_seconds, replica.state.restarts) == (delay, restarts)
            assert replica.state.pid is None
            await witness.until(lambda: replica.state.phase is not Phase.WAITING)
        assert witness.lines[:2] == ["a-0 before", "a-0 last words"]


async def test_a_refused_config_is_tried_again_only_when_it_is_another() -> None:
    async with running("raise SystemExit(2)") as (replica, witness):
        await witness.until(lambda: replica.state.phase is Phase.REFUSED)
        await asyncio.sleep(0.7)  # this is longer than the first back-off
        assert (replica.state.phase, replica.state.restarts) == (Phase.REFUSED, 0)
        replica.config_written("c2")
        await witness.until(lambda: replica.state.restarts == 1)


async def test_a_process_that_ignores_sigterm_is_killed() -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    async with running(deaf) as (replica, witness):
        await witness.until(lambda: bool(witness.lines))
        pid = replica.state.pid
        assert pid is not None
        await replica.stop(0.2)
        assert replica.state.phase is Phase.STOPPED
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        raise AssertionError(f"{pid} still runs")


async def test_a_death_is_seen_although_a_child_holds_the_output() -> None:
    parent = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); sys.exit(1)"
    async with running(parent) as (replica, witness):
        try:
            await witness.until(lambda: replica.state.phase is Phase.WAITING)
        finally:
            for line in witness.lines:
                os.kill(int(line.removeprefix("a-0 ")), 9)


async def test_lines_without_an_end_and_with_odd_bytes() -> None:
    program = "import sys; sys.stdout.buffer.write(b'one\\n\\n\\xff\\n' + b'x' * 200_000 + b'\\nend')"
    async with running(program) as (replica, witness):
        await witness.until(lambda: replica.state.death is not None)
        assert witness.lines[:2] == ["a-0 one", "a-0 \ufffd"]
        assert sum(line.count("x") for line in witness.lines) == 200_000
        assert replica.state.death == Death(0, "end")


async def test_a_program_that_cannot_be_started_is_a_death() -> None:
    async with running("pass", "x" * 5_000_000) as (replica, witness):  # this is longer than the kernel allows
        await witness.until(lambda: replica.state.phase is Phase.WAITING)
        assert replica.state.death is not None
        assert replica.state.death.last_line.startswith("it cannot be started: ")


async def test_a_report_holds_until_several_in_a_row_are_missing() -> None:
    async with running("import time; time.sleep(600)") as (replica, witness):
        await witness.until(lambda: replica.state.pid is not None)
        pid = replica.state.pid
        assert pid is not None
        replica.reported(pid + 1, report())
        assert replica.state.phase is Phase.STARTING  # the report was of another process
        replica.reported(pid, report())
        assert replica.state.ready
        for ready in (True, True, False):
            replica.reported(pid, None)
            assert replica.state.ready is ready
