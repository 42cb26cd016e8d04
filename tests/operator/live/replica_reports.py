"""Answers for all pods at once: one listener on every address of loopback, which says what the asked pod would say."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

from modproxy.contract.config import config_hash
from modproxy.contract.report import ConfigState, Report, StorageState, Window
from tests.kubernetes.watch import follow, stop

Object = dict[str, Any]
Figures = Callable[[str, str], tuple[StorageState, Window]]
"""Told namespace and name of a pod."""

GI = 2**30
ADMIN_PORT = 8081
FLEET_LABEL = "goproxy-operator.dev/fleet"


def steady(_namespace: str, _pod: str) -> tuple[StorageState, Window]:
    """Figures that never move."""
    return (
        StorageState(used_bytes=31 * GI, capacity_bytes=50 * GI, objects=9),
        Window(seconds=600, hits=970, requests=1000, requests_per_second=206.0),
    )


class ReplicaReports:
    """An asynchronous context manager. `session` is one of the API server, from which it knows pods and configs."""

    def __init__(self, session: aiohttp.ClientSession, figures: Figures = steady) -> None:
        self._session = session
        self.figures = figures
        self.asked = 0
        self._pods: dict[str, tuple[str, str, str]] = {}
        self._configs: dict[tuple[str, str], str] = {}

    async def __aenter__(self) -> Self:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Only what comes over loopback is answered, whatever other addresses this machine has.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        listener.bind(("0.0.0.0", ADMIN_PORT))
        application = web.Application()
        application.add_routes([web.get("/-/report", self._answer)])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        query = f"?labelSelector={FLEET_LABEL}"
        self._tasks = [
            asyncio.create_task(follow(self._session, f"/api/v1/pods{query}", self._pod_seen)),
            asyncio.create_task(follow(self._session, f"/api/v1/configmaps{query}", self._config_seen)),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await stop(self._tasks)
        await self._runner.cleanup()

    async def _pod_seen(self, pod: Object) -> None:
        if address := pod.get("status", {}).get("podIP"):
            metadata = pod["metadata"]
            self._pods[address] = metadata["namespace"], metadata["labels"][FLEET_LABEL], metadata["name"]

    async def _config_seen(self, item: Object) -> None:
        metadata, data = item["metadata"], item.get("data", {})
        if "config.json" in data:
            fleet = metadata["namespace"], metadata["labels"][FLEET_LABEL]
            self._configs[fleet] = config_hash(data["config.json"], data.get("allowlist"))

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        assert request.transport is not None
        pod = self._pods.get(request.transport.get_extra_info("sockname")[0])
        if pod is None:
            return web.Response(status=503)
        namespace, fleet, name = pod
        storage, window = self.figures(namespace, name)
        report = Report(
            version="1",
            ready=True,
            uptime_seconds=600,
            config=ConfigState(hash=self._configs.get((namespace, fleet), ""), generation=1),
            storage=storage,
            window=window,
            requests={},
            outages=(),
            secret_problems=(),
        )
        return web.Response(text=report.model_dump_json(by_alias=True), content_type="application/json")


def loopback_has_many_addresses() -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.20", 0))
        except OSError:
            return False
    return True


@asynccontextmanager
async def replica(address: str, says: dict[str, Report]) -> AsyncIterator[None]:
    """What answers for a pod: whatever `says` has for its address at the moment."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=says[address].model_dump_json(by_alias=True), content_type="application/json")

    application = web.Application()
    application.add_routes([web.get("/-/report", answer)])
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, address, ADMIN_PORT).start()
        yield
    finally:
        await runner.cleanup()
