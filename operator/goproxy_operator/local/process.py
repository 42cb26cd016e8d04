"""Keeps one replica running as a process of this machine: starts it, starts it again when it dies, stops it."""

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from goproxy_operator.local.backoff import count_failures, restart_delay
from goproxy_operator.local.output import Output
from goproxy_operator.local.state import Death, Phase, ReplicaState
from modproxy.contract.report import Report

REFUSED_EXIT = 2
"""How a replica ends that does not take its config: it would do so again, until the config is another."""
SILENT_REPORTS = 3
"""So many reports in a row may fail before what a replica said last counts no more."""


class Observer(Protocol):
    """Who wants to know what happens to a replica."""

    def changed(self) -> None:
        """A replica's state is another."""

    def said(self, replica: str, line: str) -> None:
        """A replica wrote a line."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a replica is started. `descriptors` are handed down under their own numbers; `lifeline` becomes its standard
    input, and ends when this process does.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...]
    lifeline: int


class Replica:
    """One replica, from `start` to the end of `stop`. `state` is what is known of it."""

    def __init__(self, state: ReplicaState, launch: Launch, observer: Observer) -> None:
        self.state = state
        self._launch = launch
        self._observer = observer
        self._wake = asyncio.Event()
        self._stopping = False
        self._restarting = False
        self._process: asyncio.subprocess.Process | None = None
        self._silent = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep it running; needs a running event loop."""
        self._task = asyncio.create_task(self._keep_running(), name=self.state.name)

    def config_written(self, wanted_config: str) -> None:
        """Tell that it has another config: one that is down is tried again at once."""
        self._become(replace(self.state, wanted_config=wanted_config))
        self._wake.set()

    def reported(self, pid: int, report: Report | None) -> None:
        """Take what the process `pid` answered, or that it did not."""
        if pid != self.state.pid or self.state.phase not in (Phase.STARTING, Phase.RUNNING):
            return
        self._silent = 0 if report else self._silent + 1
        if report is not None:
            self._become(replace(self.state, phase=Phase.RUNNING, report=report))
        elif self._silent >= SILENT_REPORTS:
            self._become(replace(self.state, report=None))

    def restart(self) -> None:
        """Let it end in order, and start it anew at once: what it reads at its start only is another."""
        self._restarting = True
        self._wake.set()
        self._signal(kill=False)

    async def stop(self, patience_seconds: float) -> None:
        """End it for good: ask, wait that long, then kill."""
        self._stopping = True
        self._wake.set()
        self._become(replace(self.state, phase=Phase.STOPPING))
        self._signal(kill=False)
        if self._task is not None:
            await asyncio.wait([self._task], timeout=patience_seconds)
            self.kill()
            await self._task
        self._become(replace(self.state, phase=Phase.STOPPED, pid=None))

    def kill(self) -> None:
        """End the process at once, if there is one."""
        self._signal(kill=True)

    async def _keep_running(self) -> None:
        failures = 0
        while not self._stopping:
            self._wake.clear()
            began = time.monotonic()
            death = await self._run_once()
            if self._stopping:
                return
            if self._restarting:
                self._become(replace(self.state, pid=None, report=None, death=None))
            elif death.exit_code == REFUSED_EXIT:
                self._become(replace(self.state, phase=Phase.REFUSED, pid=None, report=None, death=death))
                await self._wake.wait()
            else:
                failures = count_failures(failures, time.monotonic() - began)
                delay = restart_delay(failures)
                down = replace(self.state, phase=Phase.WAITING, pid=None, report=None, death=death)
                self._become(replace(down, restart_seconds=delay))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), delay)
            if not self._stopping:
                self._restarting = False
                self._become(replace(self.state, phase=Phase.STARTING, restarts=self.state.restarts + 1))

    async def _run_once(self) -> Death:
        output, descriptor = await Output.open(lambda line: self._observer.said(self.state.name, line))
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                *self._launch.command,
                stdin=self._launch.lifeline,
                stdout=descriptor,
                stderr=descriptor,
                env=self._launch.environment,
                pass_fds=self._launch.descriptors,
                # Out of the terminal's reach: Ctrl-C is for us, who then ask the replicas in order.
                start_new_session=True,
            )
        except OSError as e:  # no memory, no processes left: as passing as a death
            return Death(1, f"it cannot be started: {e.strerror}")
        finally:
            os.close(descriptor)
        self._silent = 0
        if self._stopping or self._restarting:  # while it was being started
            self._signal(kill=False)
        else:
            self._become(replace(self.state, pid=process.pid))
        exit_code = await process.wait()
        self._process = None
        await output.finish()
        return Death(exit_code, output.last_line)

    def _signal(self, *, kill: bool) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill() if kill else self._process.terminate()

    def _become(self, state: ReplicaState) -> None:
        if state != self.state:
            self.state = state
            self._observer.changed()
