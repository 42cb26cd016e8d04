"""The operator as a process of its own, under the service account and the RBAC rules that users apply."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from tests.kubernetes.component import free_ports
from tests.kubernetes.eventually import eventually
from tests.secrecy.harness import note_kubeconfig
from tests.secrecy.programs import look_at_process
from tests.secrecy.watch import WATCH

USER = "system:serviceaccount:goproxy-operator:goproxy-operator"


class OperatorProcess:
    """An asynchronous context manager: runs while it is entered. `arguments` are those of `goproxy-operator run`."""

    def __init__(self, kubeconfig: Path, log: Path, *arguments: str) -> None:
        self._kubeconfig = kubeconfig
        self._log = log
        self._arguments = arguments
        self._port = free_ports(1)[0]
        self._process: asyncio.subprocess.Process | None = None

    @property
    def metrics_url(self) -> str:
        """The listener of health and metrics."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._log.read_text()

    async def __aenter__(self) -> Self:
        note_kubeconfig(self._kubeconfig)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "goproxy_operator",
                "run",
                f"--kubeconfig={self._kubeconfig}",
                "--lease-namespace=goproxy-operator",
                f"--health=127.0.0.1:{self._port}",
                "--image=modproxy:1",
                *self._arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.defpath, "HOME": str(self._log.parent)},
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            look_at_process(WATCH, "operator", self._process.pid)
        await self.stop()
        WATCH.saw("log of the operator", self.log)
        if kind is not None:
            sys.stderr.write(self.log)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal and return its exit status, once it has ended."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self.ended()

    def kill(self) -> None:
        """Kill it, as a node that is lost does. It has ended a moment later."""
        assert self._process is not None
        self._process.kill()

    async def ended(self) -> int:
        """Wait for its end and return its exit status."""
        assert self._process is not None
        async with asyncio.timeout(15):
            return await self._process.wait()

    async def leading(self, seconds: float = 30.0) -> None:
        """Return when it has the Lease and works."""

        async def leads() -> bool:
            return await self.metric("goproxy_operator_leading") == 1

        await eventually(leads, "the operator leads", seconds)

    async def metric(self, name: str) -> float:
        """The value of a metric without labels; 0 while it does not listen yet."""
        lines = await self.metric_lines(f"{name} ")
        return next((float(line.split()[1]) for line in lines), 0.0)

    async def metric_lines(self, start: str) -> list[str]:
        """The lines of /metrics that begin so; none while it does not listen yet."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.metrics_url}/metrics") as response,
            ):
                return [line for line in (await response.text()).splitlines() if line.startswith(start)]
        except aiohttp.ClientError:
            return []
