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
"""The exit status of a replica that refuses its config. It would end so again, until the config changes."""
SILENT_REPORTS = 3
"""After so many failed reports in a row the last good report no longer counts."""


class Observer(Protocol):
    """Learns what happens to a replica."""

    def changed(self) -> None:
        """Called when the state of a replica changed."""

    def said(self, replica: str, line: str) -> None:
        """Called for each line that a replica writes."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Says how a replica is started.

    The process inherits `descriptors` under their own numbers. `lifeline` becomes its standard input, which ends when
    this process ends.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...]
    lifeline: int


class ReplicaProcess:
    """Keeps one replica running from `start` to the end of `stop`. `state` is what is known of the replica."""

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
        """Begin to keep the replica running. This needs a running event loop."""
        self._task = asyncio.create_task(self._keep_running(), name=self.state.name)

    def config_written(self, written_config: str) -> None:
        """Note that the config changed. A replica that is down is started again at once."""
        self._become(replace(self.state, written_config=written_config))
        self._wake.set()

    def reported(self, pid: int, report: Report | None) -> None:
        """Note the report of the process `pid`, or None when it did not answer."""
        if pid != self.state.pid or self.state.phase not in (Phase.STARTING, Phase.RUNNING):
            return
        self._silent = 0 if report else self._silent + 1
        if report is not None:
            self._become(replace(self.state, phase=Phase.RUNNING, report=report))
        elif self._silent >= SILENT_REPORTS:
            self._become(replace(self.state, report=None))

    def restart(self) -> None:
        """End the process in order and start it anew at once, for what a replica reads at its start only."""
        self._restarting = True
        self._wake.set()
        self._signal(kill=False)

    async def stop(self, patience_seconds: float) -> None:
        """End the replica for good: send SIGTERM, wait for `patience_seconds`, then kill."""
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
                # The terminal's Ctrl-C then reaches this process only, which ends the replicas in order.
                start_new_session=True,
            )
        except OSError as e:
            # The machine has no memory or no process left. That may be over soon: treat it as a death.
            return Death(1, f"it cannot be started: {e.strerror}")
        finally:
            os.close(descriptor)
        self._silent = 0
        # The replica may have been told to end while its process was being started.
        if self._stopping or self._restarting:
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
