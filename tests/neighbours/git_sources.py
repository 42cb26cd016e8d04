"""Stands in for Flux' source-controller: a GitRepository whose artifact a small HTTP server has.

Source: "Artifact" of the source-controller's API v1: a tar.gz at a URL, with its digest and a revision.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.kubernetes.kubectl import Kubectl

Object = dict[str, Any]
GROUP = "source.toolkit.fluxcd.io"


def _definition(kind: str, plural: str) -> Object:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [version],
        },
    }


DEFINITIONS = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            _definition("GitRepository", "gitrepositories"),
            _definition("OCIRepository", "ocirepositories"),
            _definition("Bucket", "buckets"),
            _definition("ExternalArtifact", "externalartifacts"),
        ],
    }
)
"""The kinds that kustomize-controller watches. The real definitions are in no module that it needs."""


class GitSource:
    """GitRepository `name`, whose revisions are what `push` is given. Use it as a context."""

    def __init__(self, kubectl: Kubectl, name: str) -> None:
        self._kubectl = kubectl
        self._name = name
        self._packed: dict[str, bytes] = {}
        self.url = ""

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.add_routes([web.get("/{name}", self._answer)])
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        item = {"apiVersion": f"{GROUP}/v1", "kind": "GitRepository", "metadata": {"name": self._name}}
        spec = {"url": "https://git.example.com/team-a/deploy.git", "interval": "1h", "ref": {"branch": "main"}}
        await self._kubectl("create", "-f", "-", stdin=json.dumps(item | {"spec": spec}))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def push(self, files: Mapping[str, str]) -> str:
        """Make these files the newest revision, and return its name."""
        packed = _pack(files)
        digest = hashlib.sha256(packed).hexdigest()
        name = f"{digest}.tar.gz"
        self._packed[name] = packed
        revision = f"main@sha1:{digest[:40]}"
        artifact = {
            "path": f"gitrepository/{self._name}/{name}",
            "url": f"{self.url}/{name}",
            "revision": revision,
            "digest": f"sha256:{digest}",
            "lastUpdateTime": "2026-03-04T05:06:07Z",
            "size": len(packed),
        }
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "Succeeded",
            "message": "stored artifact",
            "lastTransitionTime": "2026-03-04T05:06:07Z",
        }
        status = {"status": {"observedGeneration": 1, "artifact": artifact, "conditions": [ready]}}
        what = ("patch", f"gitrepository/{self._name}", "--subresource=status", "--type=merge")
        await self._kubectl(*what, "-p", json.dumps(status))
        return revision

    async def _answer(self, request: web.Request) -> web.Response:
        packed = self._packed.get(request.match_info["name"])
        return web.Response(status=404) if packed is None else web.Response(body=packed)


def _pack(files: Mapping[str, str]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()
