"""The operator's metrics API in a control plane without a network of its own: what users apply, but for the Service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from modproxy.contract.config import config_hash
from modproxy.contract.report import ConfigState, Report, StorageState, Window
from tests.kubernetes.control_plane import ControlPlane

DEPLOY = Path(__file__).parents[3] / "deploy" / "external-metrics"
API = "v1beta1.external.metrics.k8s.io"
NAME = "goproxy-operator-external-metrics"
NAMESPACE = "goproxy-operator"
ADMIN_PORT = 8081

Object = dict[str, Any]


def registration(port: int) -> list[Object]:
    """What users apply; the API server reaches the operator at `port` of this machine."""
    made: list[Object] = []
    for name in ("rbac.yaml", "registration.yaml"):
        made += yaml.safe_load_all((DEPLOY / name).read_text())
    for item in made:
        if item["kind"] == "Service":
            item["spec"] = {"type": "ExternalName", "externalName": "localhost"}
        if item["kind"] == "APIService":
            item["spec"]["service"]["port"] = port
    return made


def remove(control_plane: ControlPlane) -> None:
    """Take it away: without its server it would keep the namespaces of all tests from going."""
    control_plane.kubectl("delete", "--ignore-not-found", "apiservice", API)
    control_plane.kubectl("delete", "--ignore-not-found", "-n", NAMESPACE, "service,secret", NAME)


class Replicas:
    """Answers for the pods of a fleet at addresses of the loopback: their sum is `rate`, and `silent` do not answer."""

    def __init__(self, prefix: str, count: int) -> None:
        self.addresses = [f"{prefix}{number}" for number in range(count)]
        self.rates: dict[str, float] = {}
        self.silent: set[str] = set()
        self.asked = 0

    def pod_ip(self, pod: Object) -> str:
        return self.addresses[int(pod["metadata"]["name"].rpartition("-")[2])]

    def share(self, rate: float, replicas: int) -> None:
        """The load of the whole fleet, evenly over so many replicas."""
        self.rates = dict.fromkeys(self.addresses[:replicas], rate / replicas)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        runners = []
        try:
            for address in self.addresses:
                application = web.Application()
                application.add_routes([web.get("/-/report", self._answer)])
                runner = web.AppRunner(application)
                runners.append(runner)
                await runner.setup()
                await web.TCPSite(runner, address, ADMIN_PORT).start()
            yield
        finally:
            for runner in runners:
                await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        address = request.url.host or ""
        if address in self.silent:
            return web.Response(status=503)
        rate = self.rates.get(address, 0.0)
        text = report(rate).model_dump_json(by_alias=True)
        return web.Response(text=text, content_type="application/json")


def report(rate: float, seconds: float = 30.0) -> Report:
    """What a replica says that answered so many requests a second."""
    return Report(
        version="1",
        ready=True,
        uptime_seconds=600,
        config=ConfigState(hash=config_hash("{}"), generation=1),
        storage=StorageState(used_bytes=1, capacity_bytes=2**30, objects=1),
        window=Window(
            seconds=600,
            hits=1,
            requests=1,
            requests_per_second=rate,
            recent_requests=round(rate * seconds),
            recent_seconds=seconds,
        ),
        requests={},
    )
