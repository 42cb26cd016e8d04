"""A server that answers as an API server does: objects, and port-forwards to pods that answer what a test says.

No kubelet runs in these tests, so the server speaks the kubelet's part of the protocol itself (v4.channel.k8s.io).
"""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml
from aiohttp import WSMsgType, web

from goproxy_operator.kube.port_forward import PROTOCOL

Object = dict[str, Any]
NAMESPACE = "build"


class ApiStandIn:
    """An asynchronous context manager. `replies` has what each pod answers at a path, as raw bytes of HTTP.

    `status` and `body`, where they are set, are the answer to everything. `refused` is the status that each
    port-forward is refused with. `headers` are those of all requests.
    """

    def __init__(self) -> None:
        self.fleets: Any = []
        self.pods: list[Object] = []
        self.events: list[Object] = []
        self.replies: dict[tuple[str, str], bytes] = {}
        self.kubelet_error = ""
        self.status = 200
        self.body: bytes | None = None
        self.refused = 0
        self.headers: list[dict[str, str]] = []
        self.forwards = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def kubeconfig(self, folder: Path, **context: str) -> Path:
        """Write a kubeconfig that leads here."""
        path = folder / "kubeconfig"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": NAMESPACE, **context}}],
        }
        path.write_text(yaml.safe_dump(document))
        return path

    def add(self, name: str = "team-a", replicas: int = 2, namespace: str = NAMESPACE, **status: Any) -> None:
        """Add a fleet with its pods, which run."""
        self.fleets.append(
            {
                "apiVersion": "goproxy-operator.dev/v1alpha1",
                "kind": "GoProxy",
                "metadata": {"name": name, "namespace": namespace, "generation": 1},
                "spec": {},
                "status": {"endpoint": f"http://{name}.{namespace}.svc:8080", **status},
            }
        )
        for number in range(replicas):
            metadata = {
                "name": f"{name}-{number}",
                "namespace": namespace,
                "labels": {"goproxy-operator.dev/fleet": name},
            }
            self.pods.append({"metadata": metadata, "status": {"phase": "Running"}})

    def reply(self, path: str, body: bytes, status: int = 200) -> None:
        """Let every pod answer this."""
        head = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        for pod in self.pods:
            self.replies[pod["metadata"]["name"], path] = head + body

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        if self.body is not None:
            return web.Response(status=self.status, body=self.body)
        parts = request.path.split("/")
        if parts[-1] == "portforward":
            return await self._forward(request, parts[-2])
        if "goproxies" in parts:
            return self._of(request, self.fleets, "goproxies")
        if "pods" in parts:
            wanted = request.query.get("labelSelector", "").partition("=")[2]
            pods = [pod for pod in self.pods if pod["metadata"]["labels"]["goproxy-operator.dev/fleet"] == wanted]
            return web.json_response({"metadata": {}, "items": pods})
        if "events" in parts:
            return web.json_response({"metadata": {}, "items": self.events})
        return web.json_response({"kind": "Status", "message": "no such thing"}, status=404)

    def _of(self, request: web.Request, items: Any, plural: str) -> web.StreamResponse:
        _, _, name = request.path.partition(f"/{plural}/")
        if not name:
            return web.json_response({"metadata": {}, "items": items})
        found = next((one for one in items if one["metadata"]["name"] == name), None)
        if found is None:
            return web.json_response({"kind": "Status", "message": f"{plural} {name!r} not found"}, status=404)
        return web.json_response(found)

    async def _forward(self, request: web.Request, pod: str) -> web.StreamResponse:
        if self.refused:
            return web.json_response({"kind": "Status", "message": "forbidden: pods/portforward"}, status=self.refused)
        self.forwards += 1
        socket = web.WebSocketResponse(protocols=(PROTOCOL,))
        await socket.prepare(request)
        port = struct.pack("<H", int(request.query["ports"]))
        await socket.send_bytes(b"\0" + port)
        await socket.send_bytes(b"\1" + port)
        if self.kubelet_error:
            await socket.send_bytes(b"\1" + self.kubelet_error.encode())
        async for message in socket:
            if message.type is WSMsgType.BINARY and message.data[:1] == b"\0":
                path = message.data[1:].split(b" ")[1].decode()
                reply = self.replies.get((pod, path.partition("?")[0]), b"")
                for start in range(0, len(reply), 1000):
                    await socket.send_bytes(b"\0" + reply[start : start + 1000])
                break
        await socket.close()
        return socket
