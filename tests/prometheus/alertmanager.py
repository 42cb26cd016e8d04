"""A real Alertmanager, which hands each alert to a web server of the test."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml
from aiohttp import web

from tests.prometheus import programs

PATIENCE = 60.0


class Alertmanager:
    """Keeps what it sends in `alerts`, by the alert's name. Use it as a context."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.alerts: dict[str, dict[str, Any]] = {}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self._runner = web.ServerRunner(web.Server(self._take, access_log=None), shutdown_timeout=0.1)
        self._process: asyncio.subprocess.Process | None = None

    async def _take(self, request: web.BaseRequest) -> web.StreamResponse:
        for alert in json.loads(await request.read())["alerts"]:
            if alert["status"] == "firing":
                self.alerts[alert["labels"]["alertname"]] = alert
        return web.Response()

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        route = {"receiver": "test", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"}
        receivers = [{"name": "test", "webhook_configs": [{"url": f"http://{host}:{port}/"}]}]
        (self._folder / "alertmanager.yaml").write_text(yaml.safe_dump({"route": route, "receivers": receivers}))
        with (self._folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                programs.find("prometheus-alertmanager"),
                f"--config.file={self._folder}/alertmanager.yaml",
                f"--storage.path={self._folder}/data",
                f"--web.listen-address={self.address}",
                "--cluster.listen-address=",
                stdout=log,
                stderr=log,
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
        await self._runner.cleanup()

    async def received(self, *names: str) -> None:
        """Wait until alerts of all these names have come. AssertionError after a minute."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not set(names) <= self.alerts.keys():
                    await asyncio.sleep(0.2)
        except TimeoutError:
            missing = set(names) - self.alerts.keys()
            log = (self._folder / "log").read_text(errors="replace")[-2000:]
            raise AssertionError(f"{sorted(missing)} did not come, but {sorted(self.alerts)}\n{log}") from None
